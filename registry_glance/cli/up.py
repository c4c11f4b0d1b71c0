"""registry-glance up: a cloud and the registry on this machine, until Ctrl-C."""

import argparse
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import yaml

from registry_glance import config
from registry_glance.embedded.deployment import Deployment
from registry_glance.embedded.openstack import Hypervisor

from .background import in_background
from .state import add_state
from .trial import ready_text

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
    _add_nova(parser)
    parser.add_argument(
        "--detach", action="store_true", help="run in the background; return when all is ready"
    )


def _add_nova(parser: argparse.ArgumentParser) -> None:
    nova = parser.add_argument_group("Nova")
    nova.add_argument(
        "--nova",
        action="store_true",
        help="start Placement and Nova, too; boots containers on this machine's Docker Engine",
    )
    nova.add_argument("--nova-port", type=_port, metavar="N", help="(default: 5045)")
    nova.add_argument(
        "--docker-socket",
        metavar="URL",
        default=Hypervisor.docker,
        help="where the Docker Engine listens (default: %(default)s)",
    )
    nova.add_argument(
        "--compute-driver",
        metavar="NAME",
        default=Hypervisor.driver,
        help="Nova's compute_driver (default: %(default)s); fake.FakeDriver boots nothing, and "
        "cannot be started again in the same folder",
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
    hypervisor = _hypervisor(args)
    deployment = Deployment(
        args.state,
        _listen(args, found.listen),
        args.keystone_port,
        args.glance_port,
        {**_settings(args.config), "auth": auth},
        hypervisor,
        args.nova_port,
    )
    try:
        deployment.start()
        # In one piece: whoever sees the first line wants all of it.
        ready = ready_text(deployment.address, args.state, auth, hypervisor)
        print(f"{ready}\n", end="", flush=True)
        deployment.watch()
    finally:
        _on_signal(_ignore)
        deployment.stop()


def _hypervisor(args: argparse.Namespace) -> Hypervisor | None:
    if not args.nova:
        return None
    return Hypervisor(driver=args.compute_driver, docker=args.docker_socket)


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
