"""What all tests share: a registry to talk to."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.registry import Registry


@pytest.fixture(scope="session")
def registry() -> Iterator[Registry]:
    yield Registry(os.environ["REGISTRY_GLANCE_TEST_REGISTRY"])
