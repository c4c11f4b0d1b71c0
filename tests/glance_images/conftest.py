"""A registry of several projects, and rows of Glance as others than the registry make them."""

from __future__ import annotations

from uuid import uuid4

import pytest

from registry_glance.embedded.cloud import CLOUD_NAME, Cloud
from registry_glance.glance.client import Glance
from registry_glance.glance.cloud import from_clouds_yaml
from registry_glance.store.glance.ids import Ids
from registry_glance.store.glance.key import shared_key
from registry_glance.store.glance.writer import Small
from tests.access.conftest import As, Callers
from tests.registry import Registry
from tests.tenants import Tenant, Tenants


@pytest.fixture(scope="session")
def callers(tenant_registry: Registry, tenants: Tenants) -> Callers:
    names = Callers.__dataclass_fields__
    return Callers(**{name: As(tenant_registry.address, getattr(tenants, name)) for name in names})


@pytest.fixture(scope="session")
def ids(cloud: Cloud, callers: Callers) -> Ids:
    """The seals of the rows of alice's project."""
    own = Glance(from_clouds_yaml(CLOUD_NAME, str(cloud.clouds_yaml)))
    # The registry makes its key when it is first asked for something.
    callers.alice("GET", "/v2/")
    return Ids(shared_key(own, own.project()), callers.alice.tenant.project_id)


@pytest.fixture
def repository() -> str:
    """A name that no other test uses."""
    return f"app-{uuid4().hex[:12]}"


def add(glance: Glance, name: str = "snap", **properties: object) -> str:
    """The ID of a new row without data; formats it has only if they are given."""
    row = {"id": str(uuid4()), "name": name, "visibility": "private", **properties}
    return str(glance.create(row)["id"])


def copied(glance: Glance, base: str) -> dict[str, object]:
    """What Nova copies from the image `base` to a snapshot of a server booted from it."""
    said = {name: text for name, text in glance.get(base).items() if name.startswith("oci_")}
    return {"image_type": "snapshot", "base_image_ref": base, **said}


def fill(glance: Glance, row: str, data: bytes) -> None:
    """Upload data past the registry."""
    glance.update(row, {"container_format": "bare", "disk_format": "raw"})
    glance.write(row, Small(data))


def queued(tenant: Tenant, name: str = "snap", **properties: object) -> str:
    """A new row of his project without data."""
    return add(tenant.glance(), name, **properties)


def snapshot(tenant: Tenant, name: str, base: str, **properties: object) -> str:
    """A row as Nova makes it before it takes a snapshot of a server booted from `base`."""
    return queued(tenant, name, **{**copied(tenant.glance(), base), **properties})


def plain(tenant: Tenant, data: bytes, **properties: object) -> str:
    """An image that has nothing to do with the registry."""
    formats = {"container_format": "bare", "disk_format": "raw"}
    row = queued(tenant, "vm", **{**formats, **properties})
    tenant.glance().write(row, Small(data))
    return row
