"""`registry-glance up` as a user meets it: real processes, one state folder."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_glance.embedded.ports import LOOPBACK, is_free, pick_free
from registry_glance.embedded.process import answers

pytest.importorskip("glance")
pytest.importorskip("keystone")

COMMAND = [sys.executable, "-m", "registry_glance"]
FREE_PORTS = ["--port", "0", "--keystone-port", "0", "--glance-port", "0"]


def command(*arguments: str, state: Path, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """Run `registry-glance` to its end."""
    argv = [*COMMAND, *arguments, "--state", str(state)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=seconds, check=False)


class Up:
    """`registry-glance up` in the foreground."""

    def __init__(self, state: Path, *arguments: str) -> None:
        self.state = state
        argv = [*COMMAND, "up", "--state", str(state), *arguments]
        self.process = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def wait_ready(self) -> str:
        """The line it prints when all is ready."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Send a signal; the exit code, and what it has said on standard error."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors

    def services(self) -> dict[str, dict[str, Any]]:
        """What runs, by name."""
        entries = json.loads((self.state / "running.json").read_text())
        return {entry["name"]: entry for entry in entries}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One state folder for the tests below, so that only the first one makes the schemas."""
    return tmp_path_factory.mktemp("up") / "var"


@pytest.fixture
def up(state: Path) -> Iterator[Up]:
    """A started `up`."""
    up = Up(state, *FREE_PORTS)
    yield up
    up.process.kill()
    up.process.communicate()


def wait_free(port: int, seconds: float = 20) -> None:
    """Wait until nobody listens on a port."""
    deadline = time.monotonic() + seconds
    while not is_free(port):
        assert time.monotonic() < deadline, f"port {port} is still held"
        time.sleep(0.1)


def port_of(service: dict[str, Any]) -> int:
    """The port in a service's URL."""
    return int(service["url"].split(":")[2].split("/")[0])


def openstack(state: Path, *arguments: str) -> str:
    """What the openstack client prints after `. openrc`, in a shell with a proxy that is none."""
    script = '. "$1"; shift; openstack --os-cloud registry-glance "$@"'
    argv = ["sh", "-c", script, "sh", str(state / "openrc"), *arguments]
    environment = {**os.environ, "http_proxy": "http://127.0.0.1:9"}
    return subprocess.run(
        argv, capture_output=True, text=True, check=True, timeout=60, env=environment
    ).stdout


def test_it_serves_until_ctrl_c_and_finds_its_data_again(state: Path) -> None:
    first = Up(state, *FREE_PORTS)
    ready = first.wait_ready()
    assert ready.startswith("ready: registry at 127.0.0.1:")
    assert f"{state}/clouds.yaml and {state}/openrc written" in ready
    for file in ("clouds.yaml", "openrc", "passwords.json"):
        assert stat.S_IMODE((state / file).stat().st_mode) == 0o600
    assert answers(f"{first.services()['registry']['url']}/v2/")
    image = state / "image"
    image.write_bytes(b"bytes")
    create = ["--container-format", "docker", "--disk-format", "raw", "--file", str(image)]
    openstack(state, "image", "create", *create, "hipache:latest")
    ports = [port_of(service) for service in first.services().values()]
    assert first.stop() == (0, "")
    assert all(is_free(port) for port in ports)

    second = Up(state, *FREE_PORTS)
    second.wait_ready()
    # By a name with a colon, which a stock Glance refuses.
    assert "active" in openstack(state, "image", "show", "hipache:latest", "-c", "status")
    assert second.stop(signal.SIGTERM) == (0, "")


def test_no_child_outlives_a_killed_parent(up: Up) -> None:
    up.wait_ready()
    ports = [port_of(service) for service in up.services().values()]
    assert not any(is_free(port) for port in ports)
    up.process.kill()
    for port in ports:
        wait_free(port)


def test_the_end_of_a_child_is_said_and_ends_all(up: Up) -> None:
    up.wait_ready()
    services = up.services()
    os.kill(services["glance"]["pid"], signal.SIGKILL)
    _, errors = up.process.communicate(timeout=60)
    assert up.process.returncode == 1
    assert errors.count("\n") == 1
    assert f"glance was killed by signal 9; see {up.state / 'log' / 'glance.log'}" in errors
    for service in services.values():
        wait_free(port_of(service))


def test_detached_it_is_seen_by_status_and_stopped_by_down(state: Path) -> None:
    started = command("up", "--detach", *FREE_PORTS, state=state)
    assert (started.returncode, started.stderr) == (0, "")
    assert started.stdout.startswith("ready: ")

    status = command("status", state=state)
    assert status.returncode == 0
    for name in ("registry", "glance", "keystone"):
        assert f"{name:9} running  pid " in status.stdout

    again = command("up", *FREE_PORTS, state=state)
    assert again.returncode == 1
    assert "already runs" in again.stderr
    assert again.stderr.count("\n") == 1

    assert command("down", state=state).returncode == 0
    status = command("status", state=state)
    assert (status.returncode, status.stdout) == (3, f"not running in {state}\n")
    down = command("down", state=state)
    assert (down.returncode, down.stdout) == (0, f"not running in {state}\n")


@pytest.mark.parametrize("option", ["--port", "--keystone-port", "--glance-port"])
def test_a_port_in_use_is_said_in_one_line(option: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        up = command("up", *FREE_PORTS, option, port, state=tmp_path)
    assert up.returncode == 1
    assert f"port {port} for " in up.stderr
    assert up.stderr.count("\n") == 1


def test_an_unknown_setting_is_said_before_anything_starts(tmp_path: Path) -> None:
    settings = tmp_path / "config.yml"
    settings.write_text("nonsense: 1\n")
    up = command("up", "-c", str(settings), *FREE_PORTS, state=tmp_path / "var")
    assert up.returncode == 1
    assert "nonsense" in up.stderr
    assert not (tmp_path / "var" / "keystone").exists()


def test_a_picked_port_is_free() -> None:
    assert is_free(pick_free())
