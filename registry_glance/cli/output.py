"""What a command says: to people in lines, to programs as JSON; and how it ends."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from registry_glance import errors
from registry_glance.client.errors import ClientError, Usage
from registry_glance.config import ConfigInvalid
from registry_glance.errors import RegistryError
from registry_glance.glance.cloud import CloudInvalid

FAILED, MISUSED = 1, 2
#: Characters of what is said in one line.
LONGEST = 2000


def tell(args: argparse.Namespace, value: dict[str, Any], lines: Iterable[str]) -> None:
    """Print the value with --json, else the lines."""
    if args.json:
        print(json.dumps(value, indent=2))
    else:
        for line in lines:
            print(line)


def ended(args: argparse.Namespace, command: Callable[[argparse.Namespace], None]) -> int:
    """Run a command: 0; 1 for what has failed, 2 for what makes no sense, after one line."""
    try:
        command(args)
        sys.stdout.flush()
    except BrokenPipeError:
        # Who reads has seen enough; Python would complain about the rest when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (ClientError, RegistryError, ConfigInvalid, OSError) as error:
        failure = _described(error)
        if args.json:
            print(json.dumps({"error": failure}, indent=2))
        print(f"registry-glance: {failure['message']}", file=sys.stderr)
        return MISUSED if isinstance(error, Usage | CloudInvalid | ConfigInvalid) else FAILED
    return 0


def printable(text: str) -> str:
    """One line of it, in which is nothing that a terminal would obey: it may be anybody's words."""
    return "".join(one if one.isprintable() else "?" for one in text[:LONGEST])


def bytes_text(size: int) -> str:
    """A size as people read it, in powers of 1024."""
    if size < 1 << 10:
        return f"{size} B"
    unit, value = "KiB", size / 1024
    for larger in ("MiB", "GiB", "TiB"):
        if value < 1024:
            break
        unit, value = larger, value / 1024
    return f"{value:.1f} {unit}"


def _described(error: Exception) -> dict[str, Any]:
    """An error for programs: its code, its words, and HTTP's status if it is a registry's."""
    status = None
    match error:
        case ClientError():
            code, message, status = error.code, str(error), error.status
        case CloudInvalid() | ConfigInvalid():
            code, message = Usage.code, str(error)
        case RegistryError():
            row = errors.answer(error)
            code, message = row.code, error.message or row.message
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            code, message = "FILE", f"{where}{error.strerror or 'cannot be used'}"
        case _:
            raise error
    return {"code": code, "message": printable(message), "status": status}
