"""Pushes of one tag at the same instant, through two replicas: one row has the name, never none.

REGISTRY_GLANCE_TEST_RACES sets how often two push at once, and how often eight do.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from uuid import uuid4

import pytest

from registry_glance.glance.client import Glance, Row
from tests.api.client import Answer, Client
from tests.api.content import CONFIG, Pusher, digest, image
from tests.conftest import StartRegistry
from tests.registry import RegistryProcess
from tests.store.at_once import at_once

RACES = os.environ.get("REGISTRY_GLANCE_TEST_RACES")
STALENESS = 0.2


@pytest.fixture
def replicas(start_registry: StartRegistry) -> list[RegistryProcess]:
    """Two registries with nothing in common but Glance."""
    return [start_registry(cache={"staleness": STALENESS}) for _ in range(2)]


@dataclass
class Watch:
    """Looks at a tag all the time, once it is there."""

    glance: Glance
    clients: list[Client]
    path: str
    name: str
    wrong: list[str] = field(default_factory=list)
    looks: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Watch:
        for look in (self._look_at_registries, self._look_at_glance):
            self._threads.append(threading.Thread(target=self._repeat, args=(look,)))
            self._threads[-1].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, look: Callable[[], None]) -> None:
        while not self._stop.is_set():
            look()
            self.looks += 1
            time.sleep(0.02)

    def _look_at_registries(self) -> None:
        for client in self.clients:
            status = client("GET", self.path).status
            if status != 200:
                self.wrong.append(f"{client.address} answered {status}")

    def _look_at_glance(self) -> None:
        if not named(self.glance, self.name):
            self.wrong.append("no row has the name")


def named(glance: Glance, name: str) -> list[Row]:
    """The visible and active rows of a name."""
    return [row for row in glance.named(name) if row["status"] == "active"]


@pytest.mark.parametrize(("pushes", "races"), [(2, int(RACES or 15)), (8, int(RACES or 5))])
def test_one_of_those_who_push_a_tag_at_once_has_it(
    replicas: list[RegistryProcess], glance: Glance, pushes: int, races: int
) -> None:
    clients = [Client(replica.address) for replica in replicas]
    repository = f"races-{uuid4().hex[:8]}/app"
    pusher = Pusher(clients[0], repository)
    pusher.image("latest")
    path, name = pusher.path("manifests/latest"), f"{repository}:latest"
    with Watch(glance, clients, path, name) as watch:
        for race in range(races):
            bodies = [image(CONFIG, race=f"{race}/{number}") for number in range(pushes)]
            answers = at_once(list(_puts(clients, repository, bodies)))
            assert [getattr(one, "status", one) for one in answers] == [201] * pushes
            rows = named(glance, name)
            assert len(rows) == 1
            assert rows[0]["oci_digest"] in [digest(body) for body in bodies]
    assert watch.looks
    assert not watch.wrong
    time.sleep(STALENESS)
    assert {client("GET", path)["Docker-Content-Digest"] for client in clients} == {
        rows[0]["oci_digest"]
    }


def _puts(clients: list[Client], repository: str, bodies: list[bytes]) -> Iterator[Push]:
    for client, body in zip(cycle(clients), bodies, strict=False):
        yield Push(Pusher(client, repository), body)


@dataclass
class Push:
    """The push of one manifest as `latest`, to be called."""

    pusher: Pusher
    body: bytes

    def __call__(self) -> Answer:
        return self.pusher.put("latest", self.body)
