"""`registry-glance up --nova` as a user meets it: boot a container, and find it again."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_glance.cli import up
from registry_glance.embedded.openstack import Hypervisor
from registry_glance.embedded.ports import is_free
from tests.clients.conftest import require
from tests.clients.engine import Engine, EngineFailed
from tests.clients.tarballs import packed
from tests.embedded.up import FREE_PORTS, Up, command, openstack, port_of, wait_free, wait_gone
from tests.nova.conftest import FAKE

for name in ("nova", "placement", "pymysql", "glance", "keystone"):
    pytest.importorskip(name)

NOVA = ["--nova", "--nova-port", "0", *FREE_PORTS]
SERVICES = [
    "registry",
    "nova-compute",
    "nova-scheduler",
    "nova-conductor",
    "nova-api",
    "placement",
    "no-network",
    "glance",
    "keystone",
    "rabbitmq",
    "epmd",
    "mariadb",
]
GREETING = "hello from a container"
PATIENCE = 240  # seconds


@pytest.fixture(scope="module", autouse=True)
def system_packages() -> None:
    """MariaDB and RabbitMQ, which no Python package brings."""
    for package, place in (("mariadbd", "/usr/sbin"), ("rabbitmq-server", "/usr/lib/rabbitmq/bin")):
        if not shutil.which(package, path=f"{place}:{os.environ['PATH']}"):
            pytest.skip(f"{package} is not installed")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A Docker Engine with an image `busybox` that greets and stays."""
    require(Engine.obstacle())
    busybox = shutil.which("busybox")
    if not busybox:
        pytest.skip("busybox is not installed")
    engine = Engine(tmp_path_factory.mktemp("up-engine"))
    try:
        engine.start()
    except EngineFailed as reason:
        pytest.skip(f"dockerd does not start on this machine: {reason}")
    root = packed({"bin/busybox": Path(busybox).read_bytes()})
    does = f'CMD ["/bin/busybox", "sh", "-c", "echo {GREETING}; exec /bin/busybox sleep 9999"]'
    engine.docker("import", "--change", does, "-", "busybox", stdin=root)
    yield engine
    engine.stop()


def sessions(state: Path) -> dict[str, int]:
    """What runs in a state folder: the name and the ID of each service, which has a session."""
    return {entry["name"]: entry["pid"] for entry in running(state)}


def running(state: Path) -> list[dict[str, Any]]:
    """What `up` has written down."""
    found: list[dict[str, Any]] = json.loads((state / "running.json").read_text())
    return found


def servers(state: Path) -> list[tuple[str, str]]:
    """The names and states of all servers."""
    rows = json.loads(openstack(state, "server", "list", "-f", "json"))
    return [(row["Name"], row["Status"]) for row in rows]


def copied(state: Path, printed: str) -> str:
    """Run the printed commands in a shell, as somebody would who copies them; what they said."""
    script = "\n".join(line.strip() for line in printed.splitlines()[1:])
    done = subprocess.run(
        ["sh", "-e", "-c", script],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "DOCKER_CONFIG": str(state)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_container_outlives_a_killed_parent(engine: Engine, tmp_path: Path) -> None:
    """Twice in one folder: in the background until it is killed, in the foreground until Ctrl-C."""
    state = tmp_path / "var"
    arguments = [*NOVA, "--docker-socket", f"unix://{engine.socket}"]
    first = command("up", *arguments, "--detach", state=state, seconds=PATIENCE)
    try:
        assert (first.returncode, first.stderr) == (0, "")
        assert "--nic none test" in first.stdout
        said = copied(state, first.stdout)
        assert GREETING in said
        (container,) = engine.docker.output("ps", "--format", "{{.ID}} {{.Image}}").splitlines()
        address = first.stdout.split()[3].rstrip(",")
        assert container.decode().endswith(f" {address}/docker-busybox:latest")

        status = command("status", state=state)
        assert status.returncode == 0
        assert [line.split()[0] for line in status.stdout.splitlines()] == ["up", *SERVICES]
        kill(state)
    finally:
        assert command("down", state=state).returncode == 0

    # The server's image has the registry's address in its name.
    again = Up(state, *arguments, "--port", address.rpartition(":")[2])
    try:
        assert again.wait_ready().startswith(f"ready: registry at {address}, ")
        assert list(again.services()) == SERVICES
        assert servers(state) == [("test", "ACTIVE")]
        assert GREETING in openstack(state, "console", "log", "show", "test")
        openstack(state, "server", "delete", "--wait", "test")
        assert servers(state) == []
        assert engine.docker.output("ps", "--all", "--quiet") == b""
        pids = sessions(state).values()
        ports = [port_of(service) for service in running(state) if service["url"]]
        assert again.stop() == (0, "")
        wait_gone(pids, seconds=0)
        assert all(is_free(port) for port in ports)
    finally:
        again.process.kill()
        again.process.communicate()


def kill(state: Path) -> None:
    """`kill -9`, after which all that was started ends by itself."""
    services = running(state)
    os.kill(int((state / "lock").read_text()), signal.SIGKILL)
    wait_gone(service["pid"] for service in services)
    for service in services:
        if service["url"]:
            wait_free(port_of(service))


def test_another_driver_may_boot_nothing() -> None:
    parser = argparse.ArgumentParser()
    up.add_arguments(parser)
    args = parser.parse_args(["--nova", "--compute-driver", FAKE])
    assert up._hypervisor(args) == Hypervisor(driver=FAKE)


@pytest.mark.parametrize("socket", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:2375"])
def test_a_missing_engine_is_said_before_anything_starts(socket: str, tmp_path: Path) -> None:
    failed = command("up", *NOVA, "--docker-socket", socket, state=tmp_path)
    assert failed.returncode == 1
    assert socket in failed.stderr
    assert failed.stderr.count("\n") == 1
    assert not (tmp_path / "mariadb" / "data").exists()
