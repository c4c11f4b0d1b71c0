"""`registry-glance up` as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from registry_glance.embedded.ports import is_free

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


def wait_free(port: int, seconds: float = 20) -> None:
    """Wait until nobody listens on a port."""
    deadline = time.monotonic() + seconds
    while not is_free(port):
        assert time.monotonic() < deadline, f"port {port} is still held"
        time.sleep(0.1)


def members(session: int) -> list[int]:
    """The IDs of the processes in a session; what `up` starts has one each, for all it starts."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            facts = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        state, sid = facts[0], int(facts[3])
        if sid == session and state != "Z":
            found.append(int(process.name))
    return found


def wait_gone(sessions: Iterable[int], seconds: float = 40) -> None:
    """Wait until nothing runs in any of the sessions."""
    deadline = time.monotonic() + seconds
    while left := [pid for session in sessions for pid in members(session)]:
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.1)


def port_of(service: dict[str, Any]) -> int:
    """The port in a service's URL."""
    return int(service["url"].split(":")[2].split("/")[0])


def openstack(state: Path, *arguments: str) -> str:
    """What the openstack client prints after `. openrc`, in a shell with a proxy that is none."""
    script = '. "$1"; shift; openstack "$@"'
    argv = ["sh", "-c", script, "sh", str(state / "openrc"), *arguments]
    environment = {**os.environ, "http_proxy": "http://127.0.0.1:9"}
    return subprocess.run(
        argv, capture_output=True, text=True, check=True, timeout=60, env=environment
    ).stdout
