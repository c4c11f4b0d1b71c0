"""A fake Engine, and the client of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nova_driver.docker.engine.client import Engine
from tests.nova.engine.fake import FakeEngine


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeEngine]:
    """A server that answers as the test wants."""
    server = FakeEngine(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def engine(fake: FakeEngine) -> Engine:
    """A client that has hardly any patience."""
    return Engine(fake.host_url, timeout=0.5)
