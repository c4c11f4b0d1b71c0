"""A child process of the cloud: spawned, waited for, stopped."""

import ctypes
import http.client
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from .errors import CannotStart

_PR_SET_PDEATHSIG = 1
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")


class Process:
    """One child in a session of its own, with its output in a log file.

    A session of its own, so that Ctrl-C in a terminal reaches only the parent, which then
    orders the stop. If the parent is killed the kernel sends the child SIGTERM. The kernel
    watches the *thread* that called start(): call it from one that lives as long as the child.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        listens: Path | None = None,
    ) -> None:
        """`listens`: a file that the child makes as soon as it has its port."""
        self.name = name
        self.log = log
        self._command = list(command)
        self._environment = {**_clean_environment(), **(environment or {})}
        self._folder = folder
        self._listens = listens
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The child's process id; raises CannotStart before start()."""
        return self._started().pid

    @property
    def is_running(self) -> bool:
        """Whether the child was started and has not ended."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Spawn the child; raises CannotStart when its program is missing."""
        if self._listens is not None:
            self._listens.unlink(missing_ok=True)
        with self.log.open("ab") as output:
            try:
                self._child = subprocess.Popen(
                    self._command,
                    cwd=self._folder,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=_death_watch(),
                )
            except OSError as error:
                raise CannotStart(f"cannot run {self._command[0]}: {error.strerror}") from error

    def wait_finished(self, timeout: float = 120) -> None:
        """Wait until a child that does one job has ended well; raises CannotStart."""
        try:
            code = self._started().wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise CannotStart(f"{self.name} took over {timeout:.0f} s; see {self.log}") from error
        if code != 0:
            raise CannotStart(self.obituary())

    def wait_answering(self, url: str, timeout: float = 60) -> None:
        """Wait until the child answers `GET url` with 200; raises CannotStart."""
        self.wait_until(
            lambda: self._has_port() and answers(url), f"does not answer at {url}", timeout
        )

    def wait_until(
        self, ready: Callable[[], bool], reproach: str, timeout: float = 60, pause: float = 0.05
    ) -> None:
        """Wait until the running child is `ready`; raises CannotStart with the reproach if not.

        `pause` is the time between two questions, for those that keep others from working.
        """
        deadline = time.monotonic() + timeout
        while not ready():
            if not self.is_running:
                raise CannotStart(self.obituary())
            if time.monotonic() > deadline:
                raise CannotStart(f"{self.name} {reproach} after {timeout:.0f} s; see {self.log}")
            time.sleep(pause)

    def obituary(self) -> str:
        """One line about a child that has ended: how, and where its log is."""
        code = self._started().poll()
        if code is not None and code < 0:
            return f"{self.name} was killed by signal {-code}; see {self.log}"
        return f"{self.name} ended with exit code {code}; see {self.log}"

    def terminate(self) -> None:
        """Ask the child to stop; does not wait."""
        if self._child is not None and self.is_running:
            self._child.terminate()

    def stop(self, timeout: float = 10) -> None:
        """Stop the child and wait for its end; after `timeout` seconds kill its session."""
        if self._child is None:
            return
        self.terminate()
        try:
            self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()

    def _has_port(self) -> bool:
        """Whether it is the child that would answer, and nobody else who took the port first."""
        return self._listens is None or self._listens.exists()

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._child is None:
            raise CannotStart(f"{self.name} was not started")
        return self._child


def answers(url: str) -> bool:
    """Say whether `GET url` is answered with 200 (straight, never through a proxy).

    Whatever certificate is shown: it is our own process that is asked.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        context = ssl._create_unverified_context()
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=5, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _clean_environment() -> dict[str, str]:
    """Ours without proxies (all is on this machine), and without any openrc's variables."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.lower() not in _PROXIES and not name.startswith("OS_")
    }


def _death_watch() -> Callable[[], None] | None:
    """Return what the child must run before exec, to be stopped when this process dies."""
    if sys.platform != "linux":
        return None
    # Looked up before the fork: the child of a process with threads must not take locks.
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def watch() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the call
            os._exit(1)

    return watch
