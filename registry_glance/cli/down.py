"""registry-glance down: stop what `up` has started in a state folder."""

import argparse
import contextlib
import os
import signal

from registry_glance.embedded.deployment import lock_of
from registry_glance.embedded.errors import CannotStart

from .state import add_state

_PATIENCE = 90  # seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_state(parser)


def run(args: argparse.Namespace) -> int:
    """Stop it and wait for its end; 0 also when nothing runs."""
    lock = lock_of(args.state)
    pid = lock.holder()
    if pid is None:
        print(f"not running in {args.state}")
        return 0
    with contextlib.suppress(ProcessLookupError):  # it has just ended
        os.kill(pid, signal.SIGTERM)
    if not lock.wait_released(_PATIENCE):
        raise CannotStart(f"pid {pid} still runs {_PATIENCE} s after it was asked to stop")
    print(f"stopped (pid {pid})")
    return 0
