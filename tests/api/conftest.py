"""Registries to be asked, one for each store: every test here holds for all of them."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from registry_glance.embedded.ports import LOOPBACK, pick_free
from registry_glance.embedded.process import Process
from tests.api.client import Client
from tests.api.content import Pusher
from tests.certificates import Certificate, make_certificate
from tests.conftest import registries

ROOT = Path(__file__).parents[2]
PAGE = 5
#: What the tests want small enough to meet.
SETTINGS: dict[str, object] = {
    "limits": {"page": PAGE, "idle": 2, "head": 2},
    "workers": 1,
    "threads": 8,
}

STORES = ["memory", "files", "glance"]
#: For what depends on how bytes travel.
STORES_AND_TLS = [*STORES, "tls"]

Start = Callable[..., tuple[Process, Client]]


@pytest.fixture(scope="session", params=STORES)
def reached(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of a registry that lives as long as the tests."""
    folders = request.getfixturevalue("tmp_path_factory")
    if request.param == "glance":
        with registries(request.getfixturevalue("cloud"), folders) as start_process:
            yield Client(start_process(**{**SETTINGS, "workers": 2}).address)
        return
    with serving(folders) as start:
        if request.param == "tls":
            certificate = request.getfixturevalue("certificate")
            yield start("files", certificate, **SETTINGS)[1]
        else:
            yield start(request.param, **SETTINGS)[1]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for the registries of all tests."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start a registry that keeps nothing: `start(threads=4, limits={"idle": 1})`."""
    with serving(tmp_path_factory) as start:
        yield start


@pytest.fixture
def client(reached: Client) -> Client:
    return reached


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

    def start(
        kind: str = "memory", certificate: Certificate | None = None, **settings: object
    ) -> tuple[Process, Client]:
        listen = f"{LOOPBACK}:{pick_free()}"
        client = Client(listen, certificate.trust if certificate else None)
        tls = {"tls": certificate.settings} if certificate else {}
        content = {"listen": listen, "workers": 1, **tls, **settings}
        started.append(_serve(folders.mktemp(kind), kind, content))
        _wait_answering(started[-1], client)
        return started[-1], client

    try:
        yield start
    finally:
        for process in started:
            process.stop()


def _serve(folder: Path, kind: str, settings: dict[str, object]) -> Process:
    config = folder / "config.yml"
    config.write_text(json.dumps(settings))  # JSON is YAML
    argv = [sys.executable, "-m", "tests.api.served", str(config), kind]
    process = Process(kind, argv, folder / "log", folder=ROOT)
    process.start()
    return process


def _wait_answering(process: Process, client: Client) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            assert client("GET", "/healthz").status == 200
            return
        except OSError:
            assert process.is_running, process.obituary()
            assert time.monotonic() < deadline, process.log.read_text()
            time.sleep(0.05)
