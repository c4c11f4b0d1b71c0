"""A Docker Engine of our own: nothing of it is shared with the machine's."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

from tests.clients.program import Program, missing

#: seconds until a new engine answers, and until one that was asked to end has ended
START, STOP = 20.0, 20.0


class EngineFailed(Exception):
    """dockerd did not come up here."""


class Engine:
    """dockerd, with its own containerd, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: daemon.json, as of the next start
        self.settings: dict[str, object] = {}
        self.socket = folder / "d.sock"
        self.containerd = folder / "exec/containerd/containerd.sock"
        self.log = folder / "dockerd.log"
        self.docker = self.client(folder / "config")

    @staticmethod
    def obstacle() -> str | None:
        """Why no engine can be started by this user on this machine, or None."""
        if os.geteuid() != 0:
            return "a Docker Engine needs root"
        return missing("dockerd", "docker")

    def client(self, config: Path) -> Program:
        """A command line that keeps its logins in the folder `config`."""
        return Program(
            "docker",
            f"--host=unix://{self.socket}",
            env={"DOCKER_CONFIG": str(config), "DOCKER_BUILDKIT": "0"},
        )

    def start(self) -> None:
        """Return when the engine answers. Raises EngineFailed with its last words."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "daemon.json").write_text(json.dumps(self.settings))
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self._argv(), stdout=log, stderr=log)
        deadline = time.monotonic() + START
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise EngineFailed(self.log.read_text().strip().rpartition("\n")[2])
            time.sleep(0.1)

    def stop(self) -> None:
        """End dockerd and its containerd, by their process ids."""
        self.process.terminate()
        try:
            self.process.wait(STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self._end_containerd()

    def _argv(self) -> list[str]:
        return [
            "dockerd",
            f"--data-root={self.folder}/data",
            f"--exec-root={self.folder}/exec",
            f"--host=unix://{self.socket}",
            f"--pidfile={self.folder}/dockerd.pid",
            f"--config-file={self.folder}/daemon.json",
            "--insecure-registry=127.0.0.0/8",
            "--bridge=none",
            "--iptables=false",
            "--ip-forward=false",
            "--ip-masq=false",
        ]

    def _answers(self) -> bool:
        try:
            return bool(self.docker("version", "--format", "{{.Server.Version}}").strip())
        except AssertionError:
            return False

    def _end_containerd(self) -> None:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            pid = int((self.folder / "exec/containerd/containerd.pid").read_text())
            os.kill(pid, signal.SIGKILL)
