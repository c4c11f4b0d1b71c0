"""Clients that log in, each with a memory of its own."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.clients.client import Client, Workplace
from tests.clients.conftest import go_tool, require
from tests.clients.containerd import Containerd
from tests.clients.crane import Crane
from tests.clients.docker import Docker
from tests.clients.engine import Engine
from tests.clients.images import Image
from tests.clients.oras import Oras
from tests.clients.podman import Podman
from tests.clients.program import ProgramFailed, missing
from tests.clients.pulled import Pulled
from tests.clients.regctl import Regctl
from tests.clients.skopeo import Skopeo
from tests.registry import Registry

#: client -> the words with which it logs in; the password comes by its standard input.
COMMANDS = {
    "docker": ("login", "--password-stdin", "--username"),
    "podman": ("login", "--password-stdin", "--username"),
    "skopeo": ("login", "--password-stdin", "--username"),
    "crane": ("auth", "login", "--password-stdin", "--username"),
    "oras": ("login", "--plain-http", "--password-stdin", "--username"),
    "regctl": ("registry", "login", "--pass-stdin", "--user"),
}
#: containerd remembers nobody: it is told with every command.
NAMES = (*COMMANDS, "containerd")


@dataclass(frozen=True)
class Login:
    """What one types after `docker login`."""

    username: str
    password: str = field(repr=False)


class Guest:
    """A client of one person's, at one registry."""

    def __init__(self, client: Client, name: str, folder: Path, registry: Registry) -> None:
        self._client = client
        self._name = name
        self._folder = folder
        self._registry = registry

    def log_in(self, login: Login) -> str:
        """What it says. Raises ProgramFailed."""
        if self._name not in COMMANDS:
            return ""
        assert isinstance(self._client, Workplace)
        words = (*COMMANDS[self._name], login.username, self._registry.address)
        return self._client.run(*words, stdin=login.password.encode())

    def push(self, image: Image, name: str) -> None:
        """Bring `image` to NAME:TAG."""
        self._client.push(image, self._registry.reference(name))

    def pull(self, name: str) -> Pulled:
        """Take what is at NAME:TAG."""
        return self._client.pull(self._registry.reference(name))

    def remembers(self, login: Login) -> bool:
        """Whether it has written down a password."""
        pair = base64.b64encode(f"{login.username}:{login.password}".encode())
        files = (path.read_bytes() for path in self._folder.rglob("*") if path.is_file())
        return any(pair in data or login.password.encode() in data for data in files)


def refused(act: Callable[[], object]) -> str:
    """What a client says when it does not get what it wants."""
    with pytest.raises(ProgramFailed) as failed:
        act()
    return failed.value.output


class Hotel:
    """Makes guests of one registry."""

    def __init__(
        self,
        registry: Registry,
        folders: pytest.TempPathFactory,
        engine: Callable[[], Engine],
    ) -> None:
        """`engine` is asked only for clients that need one."""
        self._registry = registry
        self._folders = folders
        self._engine = engine

    def guest(self, name: str, login: Login) -> Guest:
        """A client that has logged in. Raises ProgramFailed."""
        guest = self.stranger(name, login)
        guest.log_in(login)
        return guest

    def stranger(self, name: str, login: Login) -> Guest:
        """A client that has not yet logged in; one that never does is told of `login` now."""
        folder = self._folders.mktemp(name)
        return Guest(self._client(name, folder, login), name, folder, self._registry)

    def skopeo(self) -> Skopeo:
        """One that knows nobody."""
        require(missing("skopeo"))
        return Skopeo(self._folders.mktemp("skopeo"), self._registry.address)

    def _client(self, name: str, folder: Path, login: Login) -> Client:
        match name:
            case "docker":
                return Docker(self._engine(), folder)
            case "containerd":
                require(missing("ctr"))
                user = f"--user={login.username}:{login.password}"
                return Containerd(self._engine(), folder, user)
            case "podman":
                require(Podman.obstacle())
                return Podman(folder, self._registry.address)
            case "skopeo":
                require(missing("skopeo"))
                return Skopeo(folder, self._registry.address)
            case "crane":
                return Crane(go_tool("crane"), folder)
            case "oras":
                return Oras(go_tool("oras"), folder)
            case "regctl":
                return Regctl(go_tool("regctl"), folder, self._registry.address)
        raise ValueError(name)
