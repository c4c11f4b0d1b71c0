"""`python -m bench`: measure, print the table, keep it in bench/results."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench import machine
from bench.client_speed import client_speed
from bench.measurement import all_sides, measure
from bench.report import Report
from bench.scale import FULL, QUICK, Scale
from bench.works import every

RESULTS = Path(__file__).with_name("results")


def main() -> None:
    """Measure what the command line asks for."""
    options = _parser().parse_args()
    machine.use_cores()
    scale = QUICK if options.quick else FULL
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as folder:
        report = _measure(options, scale, Path(folder))
    print(report.table)
    print(report.facts)
    if options.write:
        report.write_page(options.write)


def _measure(options: argparse.Namespace, scale: Scale, folder: Path) -> Report:
    speed = client_speed(scale.large, folder)
    report = Report(machine.describe(), options.runs, options.quick, speed)
    with all_sides(folder, report.skipped) as sides:
        for work in every(scale, folder):
            if options.only and work.name not in options.only:
                continue
            if not work.obstacle:
                report.outcomes += measure(work, sides, options.runs)
            if work.obstacle:
                report.skipped[work.name] = work.obstacle
            report.write(RESULTS)
    return report


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="medians are of so many (default: 3)")
    parser.add_argument("--quick", action="store_true", help="64 MiB instead of 1 GiB, and so on")
    parser.add_argument(
        "--only",
        action="append",
        choices=["push", "pull", "small", "rates", "memory", "docker", "lists"],
        help="do this work; may be given several times",
    )
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the documentation, too")
    parser.add_argument("--folder", type=Path, help="where 10 GiB are free (default: $TMPDIR)")
    return parser


if __name__ == "__main__":
    main()
