"""registry-glance doctor: whether a cloud is fit for the registry, and what to mend."""

import argparse
import signal
from pathlib import Path
from types import FrameType

from registry_glance.config import ConfigInvalid, load
from registry_glance.doctor.examination import examine
from registry_glance.doctor.finding import Finding, ok
from registry_glance.doctor.report import rendered
from registry_glance.doctor.site import Site
from registry_glance.doctor.told import unreadable

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "-c", "--config", type=Path, metavar="FILE", help="the registry's settings, as for serve"
    )


def run(args: argparse.Namespace) -> int:
    """Print one line a check, and what to do; 0 unless something is wrong, 1 otherwise."""
    try:
        config = load(args.config)
    except ConfigInvalid as error:
        _tell("settings", unreadable(error).finding)
        return 1
    _tell("settings", ok(str(args.config or "the defaults and the environment")))
    for number in _STOPPING:
        signal.signal(number, _interrupt)
    return 0 if examine(Site(config), _tell) else 1


def _tell(name: str, finding: Finding) -> None:
    print(rendered(name, finding), flush=True)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Once: what comes after it must not disturb the deletion of what was made."""
    for one in _STOPPING:
        signal.signal(one, _ignore)
    raise KeyboardInterrupt


def _ignore(number: int, frame: FrameType | None) -> None:
    """Not SIG_IGN, for which Python prints a traceback if the signal has come already."""
