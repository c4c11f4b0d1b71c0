"""`registry-glance serve`: the registry, behind gunicorn."""

from __future__ import annotations

import argparse
import socket
import sys
from pathlib import Path

from registry_glance.config import ConfigInvalid, load


class CannotListen(Exception):
    """The address is taken, or not ours."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `serve` understands."""
    parser.add_argument(
        "-c", "--config", type=Path, metavar="FILE", help="settings; see config.yml for all of them"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until a signal says to stop. 1 if it cannot be begun, after one line that says why."""
    try:
        config = load(args.config)
        check_listen(config.listen)
    except (ConfigInvalid, CannotListen) as error:
        print(f"registry-glance: {error}", file=sys.stderr)
        return 1
    # Not above: other commands need no server, and a wrong setting should be told at once.
    from registry_glance.app import build
    from registry_glance.server import serve

    return serve(config, build)


def check_listen(address: str) -> None:
    """Raise CannotListen unless the address can be bound now; gunicorn would try for seconds."""
    host, _, port = address.rpartition(":")
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host.strip("[]") or None, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        raise CannotListen(f"cannot listen on {address}: {error.strerror or error}") from error
