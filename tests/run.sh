#!/usr/bin/env bash
# Run tox, after installing what it and the tests need. Arguments go to tox: tests/run.sh -e lint
set -eu
cd "$(dirname "$0")/.."

tests/install-system-packages.sh
if [ ! -x .tools/tox/bin/tox ]; then
  mkdir -p .tools
  echo '*' >.tools/.gitignore
  "${PYTHON:-python3}" -m venv .tools/tox
  .tools/tox/bin/pip install --quiet --disable-pip-version-check 'tox>=4.11,<5'
fi
exec .tools/tox/bin/tox run "$@"
