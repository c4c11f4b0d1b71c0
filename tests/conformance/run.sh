#!/usr/bin/env bash
# Run the OCI's conformance program against our registry; reports go to results/conformance.
set -eu
cd "$(dirname "$0")/../.."

tests/run.sh -q -e py --notest
exec .tox/py/bin/python -m tests.conformance "$@"
