"""A registry of several projects, and their users as clients of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import pytest

from tests.api.client import Answer, Body, Client
from tests.registry import Registry
from tests.tenants import Tenant, Tenants

#: Seconds within which everybody sees what was changed in Glance: registry's and Glance's caches.
PATIENCE = 15


class As(Client):
    """A client that shows the registry a user's Keystone token."""

    def __init__(self, address: str, tenant: Tenant) -> None:
        super().__init__(address)
        self.tenant = tenant
        self.authorization = f"Bearer {tenant.token()}"

    def __call__(self, method: str, path: str, body: Body = None, **headers: str) -> Answer:
        """Send, as the user."""
        return super().__call__(
            method, path, body, **{"Authorization": self.authorization, **headers}
        )


@dataclass(frozen=True)
class Callers:
    """The tenants, as clients."""

    alice: As
    rita: As
    adam: As
    bob: As
    carol: As
    carol_in_beta: As


@pytest.fixture(scope="session")
def callers(tenant_registry: Registry, tenants: Tenants) -> Callers:
    names = Callers.__dataclass_fields__
    return Callers(**{name: As(tenant_registry.address, getattr(tenants, name)) for name in names})


@pytest.fixture
def repository() -> str:
    """A name that no other test uses."""
    return f"app-{uuid4().hex[:12]}"


def eventually(told: Callable[[], object], wanted: object) -> None:
    """Ask until the answer is the one that is wanted, for as long as caches may last."""
    deadline = time.monotonic() + PATIENCE
    while (found := told()) != wanted:
        assert time.monotonic() < deadline, f"{found}, and not {wanted}"
        time.sleep(0.2)
