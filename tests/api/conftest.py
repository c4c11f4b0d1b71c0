"""Registries to be asked, one for each store: every test here holds for all of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from registry_glance.embedded.ports import LOOPBACK, pick_free
from registry_glance.embedded.process import Process
from tests.api.client import Client
from tests.api.content import Pusher
from tests.conftest import registries

ROOT = Path(__file__).parents[2]
PAGE = 5
#: What the tests want small enough to meet.
SETTINGS: dict[str, object] = {"limits": {"page": PAGE, "idle": 2}, "workers": 1, "threads": 8}

Start = Callable[..., tuple[Process, Client]]


@pytest.fixture(scope="session", params=["memory", "files", "glance"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """HOST:PORT of a registry that lives as long as the tests."""
    folders = request.getfixturevalue("tmp_path_factory")
    if request.param == "glance":
        with registries(request.getfixturevalue("cloud"), folders) as start:
            yield start(**{**SETTINGS, "workers": 2}).address
        return
    process, listen = _serve(folders.mktemp(request.param), request.param, SETTINGS)
    yield listen
    process.stop()


@pytest.fixture
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start a registry that keeps nothing: `start(threads=4, limits={"idle": 1})`."""
    with serving(tmp_path_factory) as start:
        yield start


@pytest.fixture
def client(address: str) -> Client:
    return Client(address)


@pytest.fixture
def repository() -> str:
    """A name that no other test uses."""
    return f"team-{uuid4().hex[:8]}/app"


@pytest.fixture
def pusher(client: Client, repository: str) -> Pusher:
    return Pusher(client, repository)


@contextmanager
def serving(folders: pytest.TempPathFactory) -> Iterator[Start]:
    """What starts registries that keep nothing, and stops them at the end."""
    started: list[Process] = []

    def start(kind: str = "memory", **settings: object) -> tuple[Process, Client]:
        process, listen = _serve(folders.mktemp(kind), kind, {"workers": 1, **settings})
        started.append(process)
        return process, Client(listen)

    try:
        yield start
    finally:
        for process in started:
            process.stop()


def _serve(folder: Path, store: str, settings: dict[str, object]) -> tuple[Process, str]:
    listen = f"{LOOPBACK}:{pick_free()}"
    config = folder / "config.yml"
    config.write_text(json.dumps({"listen": listen, **settings}))  # JSON is YAML
    argv = [sys.executable, "-m", "tests.api.served", str(config), store]
    process = Process(store, argv, folder / "log", folder=ROOT)
    process.start()
    process.wait_answering(f"http://{listen}/healthz")
    return process, listen
