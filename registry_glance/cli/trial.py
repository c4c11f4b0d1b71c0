"""What `up` says when all is ready: where things are, and commands to copy."""

import shlex
from pathlib import Path

from registry_glance.embedded.cloud import DEMO
from registry_glance.embedded.openstack import Hypervisor

_BOOT = """\
openstack server create --image docker-busybox:latest --flavor m1.tiny --nic none test --wait
openstack server list
openstack console log show test"""


def ready_text(address: str, state: Path, auth: str, hypervisor: Hypervisor | None) -> str:
    """For a registry at `address`, in one line; with Nova in more, each a command."""
    if hypervisor:
        return _with_nova(address, state, auth, hypervisor)
    return _without_nova(address, state, auth)


def _without_nova(address: str, state: Path, auth: str) -> str:
    """Push an image, and find it in Glance."""
    push = "; ".join(_push(address))
    if auth == "keystone":
        trial = f". {state}/openrc; {_login(address)}; {push}; openstack image list"
    else:
        trial = f"{push}; . {state}/openrc && glance image-list"
    return f"{_ready(address, state)} {trial}"


def _with_nova(address: str, state: Path, auth: str, hypervisor: Hypervisor) -> str:
    """Push an image, and boot a server from it."""
    commands = [f". {state}/openrc"]
    if hypervisor.docker != Hypervisor.docker:
        commands.append(f"export DOCKER_HOST={shlex.quote(hypervisor.docker)}")
    if auth == "keystone":
        commands.append(_login(address))
    commands += [*_push(address), *_BOOT.splitlines()]
    if hypervisor.needs_engine:
        commands.append("docker ps")
    return "\n    ".join([_ready(address, state), *commands])


def _ready(address: str, state: Path) -> str:
    written = f"{state}/clouds.yaml and {state}/openrc written"
    return f"ready: registry at {address}, {written}; try:"


def _push(address: str) -> list[str]:
    image = f"{address}/docker-busybox"
    return [f"docker tag busybox {image}", f"docker push {image}"]


def _login(address: str) -> str:
    # By a pipe: everybody on the machine can read a command line.
    return f"printenv OS_PASSWORD | docker login -u {DEMO} --password-stdin {address}"
