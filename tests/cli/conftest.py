"""The command line, in front of the registry that all tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cli.command import Command
from tests.faults.proxy import Proxy
from tests.registry import RegistryProcess


@pytest.fixture
def command(shared_registry: RegistryProcess, tmp_path: Path) -> Command:
    """A user without any logins, at a registry where nobody needs one."""
    return Command(tmp_path, shared_registry.address)


@pytest.fixture
def name() -> str:
    """A repository that no other test uses."""
    return f"cli-{uuid4().hex[:12]}/app"


@pytest.fixture
def proxy(shared_registry: RegistryProcess) -> Iterator[Proxy]:
    """A bad line to the registry, which counts."""
    proxy = Proxy(shared_registry.url)
    yield proxy
    proxy.heal()
    proxy.close()
