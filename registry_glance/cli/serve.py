"""`registry-glance serve`: the registry, behind gunicorn."""

from __future__ import annotations

import argparse
import socket
import sys
from dataclasses import replace
from pathlib import Path

from registry_glance.config import Config, ConfigInvalid, load
from registry_glance.tls import CertificateInvalid, server_context


class CannotListen(Exception):
    """The address is taken, or not ours."""


class CannotLogIn(Exception):
    """The registry's own credentials are missing or wrong."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `serve` understands."""
    parser.add_argument(
        "-c", "--config", type=Path, metavar="FILE", help="settings; see config.yml for all of them"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until a signal says to stop. 1 if it cannot be begun, after one line that says why."""
    try:
        config = load(args.config)
        server_context(config.tls)
        check_listen(config.listen)
        check_cloud(config)
    except (ConfigInvalid, CertificateInvalid, CannotListen, CannotLogIn) as error:
        print(f"registry-glance: {error}", file=sys.stderr)
        return 1
    # Not above: other commands need no server, and a wrong setting should be told at once.
    from registry_glance.app import build
    from registry_glance.server import serve

    return serve(config, build)


def check_cloud(config: Config) -> None:
    """Raise CannotLogIn for credentials that will never do; a Keystone that is away may return."""
    from registry_glance.errors import RegistryError, Unavailable
    from registry_glance.glance.client import Unauthorized
    from registry_glance.store.glance import open_door

    try:
        open_door(replace(config, glance=replace(config.glance, retries=0))).project()
    except Unauthorized:
        raise CannotLogIn("Keystone refuses the registry's credentials") from None
    except Unavailable as error:
        print(f"registry-glance: not there yet: {error}", file=sys.stderr)
    except RegistryError as error:
        raise CannotLogIn(str(error)) from error


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
