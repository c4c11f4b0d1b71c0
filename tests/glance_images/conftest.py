"""A registry of several projects, and rows of Glance as Nova leaves them for a snapshot."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.access.conftest import As, Callers
from tests.registry import Registry
from tests.tenants import Tenant, Tenants


@pytest.fixture(scope="session")
def callers(tenant_registry: Registry, tenants: Tenants) -> Callers:
    names = Callers.__dataclass_fields__
    return Callers(**{name: As(tenant_registry.address, getattr(tenants, name)) for name in names})


@pytest.fixture
def repository() -> str:
    """A name that no other test uses."""
    return f"app-{uuid4().hex[:12]}"


def queued(tenant: Tenant, name: str = "snap", **properties: object) -> str:
    """The ID of a new row without data and formats."""
    row = {"id": str(uuid4()), "name": name, "visibility": "private", **properties}
    return str(tenant.glance().create(row)["id"])


def snapshot(tenant: Tenant, name: str, base: str) -> str:
    """A row as Nova makes it before it snapshots a server that was booted from `base`."""
    copied = {key: value for key, value in tenant.glance().get(base).items() if "oci_" in key}
    return queued(tenant, name, **copied, image_type="snapshot", base_image_ref=base)
