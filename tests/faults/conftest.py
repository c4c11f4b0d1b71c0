"""One registry for all faults: it has to get over each of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from registry_glance.embedded.cloud import Cloud
from tests.api.content import Pusher
from tests.faults.behind import Behind, behind

#: Pieces of 1 MiB, so that a blob of a few MiB has several.
PIECE = 1 << 20
SETTINGS: dict[str, Any] = {
    "glance": {"piece_size": PIECE, "timeout": 3, "retries": 2},
    "cache": {"staleness": 0},
    "log": {"level": "debug"},
}


@pytest.fixture(scope="module")
def shared(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """A registry for the tests of one module."""
    with behind(cloud, tmp_path_factory.mktemp("behind"), **SETTINGS) as found:
        yield found


@pytest.fixture
def place(shared: Behind) -> Iterator[Behind]:
    """The registry, without faults at the beginning and at the end."""
    shared.settle()
    yield shared
    shared.settle()


@pytest.fixture
def pusher(place: Behind) -> Pusher:
    """Pushes into a repository that no other test uses."""
    return Pusher(place.client, f"faults-{uuid4().hex[:8]}/app")
