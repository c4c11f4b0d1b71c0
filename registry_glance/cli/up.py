"""registry-glance up: Keystone, Glance and the registry on this machine, until Ctrl-C."""

import argparse
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import yaml

from registry_glance import config
from registry_glance.embedded.cloud import DEMO
from registry_glance.embedded.deployment import Deployment

from .background import in_background
from .state import add_state

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """Somebody wants us to stop."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_state(parser)
    parser.add_argument("--host", help="where the registry listens (default: 127.0.0.1)")
    parser.add_argument("--port", type=_port, help="its port, 0 for any (default: 5042)")
    parser.add_argument("--keystone-port", type=_port, metavar="N", help="(default: 5043)")
    parser.add_argument("--glance-port", type=_port, metavar="N", help="(default: 5044)")
    parser.add_argument(
        "-c", "--config", type=Path, metavar="FILE", help="more of the registry's settings"
    )
    parser.add_argument(
        "--auth",
        action="store_true",
        help="let in whom Keystone knows; makes users `demo` and `viewer` to try it with",
    )
    parser.add_argument(
        "--detach", action="store_true", help="run in the background; return when all is ready"
    )


def run(args: argparse.Namespace) -> int:
    """Run until a signal comes; raises CannotStart and ConfigInvalid."""
    if args.detach:
        return in_background(lambda: _run(args), args.state)
    return _run(args)


def _run(args: argparse.Namespace) -> int:
    """0 after a signal; raises CannotStart when something does not start or ends by itself."""
    _on_signal(_request_stop)
    with contextlib.suppress(StopRequested):
        _serve(args)
    return 0


def _serve(args: argparse.Namespace) -> None:
    found = config.load(args.config)
    auth = "keystone" if args.auth else found.auth
    settings = {**_settings(args.config), "auth": auth}
    listen = _listen(args, found.listen)
    deployment = Deployment(args.state, listen, args.keystone_port, args.glance_port, settings)
    try:
        deployment.start()
        print(_ready_line(deployment.address, args.state, auth), flush=True)
        deployment.watch()
    finally:
        _on_signal(_ignore)
        deployment.stop()


def _ready_line(address: str, state: Path, auth: str) -> str:
    push = f"docker tag busybox {address}/docker-busybox; docker push {address}/docker-busybox"
    if auth == "keystone":
        # By a pipe: everybody on the machine can read a command line.
        login = f"printenv OS_PASSWORD | docker login -u {DEMO} --password-stdin {address}"
        trial = f". {state}/openrc; {login}; {push}; openstack image list"
    else:
        trial = f"{push}; . {state}/openrc && glance image-list"
    written = f"{state}/clouds.yaml and {state}/openrc written"
    return f"ready: registry at {address}, {written}; try: {trial}"


def _listen(args: argparse.Namespace, configured: str) -> tuple[str, int]:
    """Host and port: of the command line, else of the settings."""
    host, _, port = configured.rpartition(":")
    return args.host or host.strip("[]"), int(port) if args.port is None else args.port


def _settings(path: Path | None) -> dict[str, Any]:
    """The user's settings; config.load() has found them good."""
    return (path and yaml.safe_load(path.read_text(encoding="utf-8"))) or {}


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return number


def _request_stop(number: int, frame: FrameType | None) -> None:
    _on_signal(_ignore)
    raise StopRequested


def _ignore(number: int, frame: FrameType | None) -> None:
    """Once is enough: a second signal must not disturb the stop.

    Not SIG_IGN, for which Python prints a traceback if the signal has come already.
    """


def _on_signal(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in _STOPPING:
        signal.signal(number, handler)
