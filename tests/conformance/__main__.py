"""Run the OCI's own conformance program against a registry on an embedded cloud.

    python -m tests.conformance [RESULTS]

Prints one line for each run and what failed; the program's reports go below RESULTS. Ends with 1
when anything failed, or when nothing was tested. REGISTRY_GLANCE_TEST_REGISTRY=HOST:PORT names
another registry to test.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from registry_glance.embedded.cloud import Cloud
from tests.clients.go_tools import ToolUnavailable, tool
from tests.conformance.report import Report
from tests.registry import RegistryProcess, settings

#: seconds
PATIENCE = 900


class Run(NamedTuple):
    """One run: what the program is told, and what the registry is."""

    name: str
    variables: dict[str, str]
    settings: dict[str, Any]


RUNS = (
    Run("1.1", {"OCI_VERSION": "1.1", "OCI_DATA_SPARSE": "false"}, {}),
    Run("1.1+dev", {"OCI_VERSION": "1.1+dev", "OCI_DATA_SPARSE": "false"}, {}),
    Run(
        "1.1+dev-sparse",
        {"OCI_VERSION": "1.1+dev", "OCI_DATA_SPARSE": "true"},
        {"manifests": {"sparse": True}},
    ),
    Run("1.1-keystone", {"OCI_VERSION": "1.1", "OCI_DATA_SPARSE": "false"}, {"auth": "keystone"}),
)


def main(results: Path) -> int:
    """Do all runs; 1 unless every one is good."""
    try:
        program = tool("conformance")
    except ToolUnavailable as reason:
        print(f"conformance: nothing was tested: {reason}")
        return 1
    with registries() as place:
        reports = [test(program, run, place(run), results / run.name) for run in RUNS]
    print(f"conformance: {sum(reports, Report(Counter()))}")
    return 0 if all(report.is_good for report in reports) else 1


@contextmanager
def registries() -> Iterator[Callable[[Run], dict[str, str]]]:
    """What gives each run a registry: the variables that say where it is and who logs in."""
    if given := os.environ.get("REGISTRY_GLANCE_TEST_REGISTRY"):
        yield lambda run: {"OCI_REGISTRY": given}
        return
    with TemporaryDirectory(prefix="conformance-") as folder, started(Path(folder)) as place:
        yield place


@contextmanager
def started(folder: Path) -> Iterator[Callable[[Run], dict[str, str]]]:
    """A cloud, and on it a new registry for each run."""
    cloud = Cloud(folder / "cloud", keystone_port=0, glance_port=0)
    registries: list[RegistryProcess] = []

    def start(run: Run) -> dict[str, str]:
        state = folder / f"registry-{len(registries)}"
        state.mkdir()
        registries.append(RegistryProcess(state, settings(cloud, state, run.settings)))
        registries[-1].start()
        return {
            "OCI_REGISTRY": registries[-1].address,
            "OCI_USERNAME": f"{cloud.registry.username}/{cloud.registry.project}",
            "OCI_PASSWORD": cloud.registry.password,
        }

    cloud.start()
    try:
        yield start
    finally:
        for registry in registries:
            registry.stop()
        cloud.stop()


def test(program: Path, run: Run, place: dict[str, str], results: Path) -> Report:
    """Do one run and say how it ended."""
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    variables = {
        **place,
        "OCI_TLS": "disabled",
        "OCI_RESULTS_DIR": str(results),
        "OCI_LOG": "error",
        **run.variables,
    }
    with (results / "output.txt").open("wb") as output:
        done = subprocess.run(
            [program],
            env={**os.environ, **variables},
            stdout=output,
            stderr=output,
            timeout=PATIENCE,
        )
    report = Report.read(results / "junit.xml")
    if done.returncode and report.is_good:
        report += Report(Counter(failed=1), (f"the program, which ended with {done.returncode}",))
    print(f"conformance {run.name}: {report}", flush=True)
    for name in report.failed:
        print(f"  failed: {name}")
    return report


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/conformance").absolute()))
