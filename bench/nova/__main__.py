"""`python -m bench.nova`: measure, print the table, keep it in bench/results."""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
import tempfile
from pathlib import Path

from bench import machine
from bench.__main__ import RESULTS
from bench.nova.containers import BATCHES, Containers
from bench.nova.report import Report
from bench.nova.servers import REQUESTS, Servers
from bench.nova.site import HOSTS, Site, started


def main() -> None:
    """Measure what the command line asks for."""
    options = _parser().parse_args()
    machine.use_cores()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as folder:
        report = _measure(options, Path(folder))
    print(report.table)
    print(report.facts)
    report.write(RESULTS)


def _measure(options: argparse.Namespace, folder: Path) -> Report:
    facts = {
        **machine.describe(),
        "nova": importlib.metadata.version("nova"),
        "runs": str(options.runs),
        "the registry's auth": options.auth,
    }
    report = Report(options.servers, facts)
    with started(folder, options.auth) as site:
        servers = Servers(site.member, site.openstack.compute_url, site.image)
        for host in HOSTS:
            site.choose(host)
            servers.run(1, REQUESTS["in one request"])
        for run in range(options.runs):
            _say(f"run {run + 1} of {options.runs}")
            _take_turns(site, servers, options.servers, report)
    return report


def _take_turns(site: Site, servers: Servers, count: int, report: Report) -> None:
    """One run of everything."""
    for work, send in REQUESTS.items():
        for host in HOSTS:
            site.choose(host)
            report.add(work, host, servers.run(count, send))
    containers = Containers(site.engine, site.reference)
    for work, width in BATCHES.items():
        report.add(work, "docker run", containers.run(count, width))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.nova", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="medians are of so many (default: 3)")
    parser.add_argument("--servers", type=int, default=20, help="how many at once (default: 20)")
    parser.add_argument(
        "--auth",
        choices=["keystone", "none"],
        default="keystone",
        help="of the registry: whether it asks Keystone about each boot (default: keystone)",
    )
    parser.add_argument("--folder", type=Path, help="where 2 GiB are free (default: $TMPDIR)")
    return parser


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
