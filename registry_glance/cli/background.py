"""A command that goes on in the background once it is ready."""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from registry_glance.config import ConfigInvalid
from registry_glance.embedded.errors import CannotStart


def in_background(command: Callable[[], int], state: Path) -> int:
    """Run `command` in a session of its own; return 0 after it has printed a `ready:` line.

    What it prints goes to log/up.log below `state`; that line, and what was written with it, is
    repeated here.
    Raises CannotStart with what it said when it ends before.
    """
    log = state / "log" / "up.log"
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A file of its own until it is known that no other one runs and writes to the log.
    draft = log.with_name(f"up.{os.getpid()}.log")
    pid = os.fork()
    if pid == 0:
        _become(command, draft)
    if (text := _wait_ready(pid, draft)) is not None:
        draft.replace(log)
        print(text, end="")
        return 0
    said = draft.read_text().strip()
    draft.unlink()
    raise CannotStart(said or "ended without a word")


def _wait_ready(pid: int, log: Path) -> str | None:
    """Return the process's text from `ready:` on, None when it ends without one."""
    try:
        while os.waitpid(pid, os.WNOHANG) == (0, 0):
            if (text := _ready_text(log)) is not None:
                return text
            time.sleep(0.1)
    except KeyboardInterrupt:
        os.kill(pid, signal.SIGTERM)
        raise
    return None


def _become(command: Callable[[], int], log: Path) -> None:
    """Turn this fork into a process without a terminal, run the command and exit."""
    os.setsid()
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        code = command()
    except (CannotStart, ConfigInvalid) as error:
        print(error, file=sys.stderr)
    except Exception:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _ready_text(log: Path) -> str | None:
    """What begins with a `ready:` line, which is written in one piece with what follows."""
    if not log.exists():
        return None
    lines = log.read_text().splitlines(keepends=True)
    begins = (number for number, line in enumerate(lines) if line.startswith("ready:"))
    first = next(begins, None)
    return None if first is None else "".join(lines[first:])
