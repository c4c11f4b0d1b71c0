"""What lies in Glance and on a registry's disk, seen past the registry."""

from __future__ import annotations

from pathlib import Path

from registry_glance.glance.client import Row
from tests.registry import Registry, RegistryProcess
from tests.tenants import Tenant


def rows(tenant: Tenant, **properties: str) -> list[Row]:
    """All rows of his project with these properties, hidden or not, with data or without."""
    glance = tenant.glance()
    return [
        row
        for hidden in ("true", "false")
        for row in glance._list(owner=tenant.project_id, os_hidden=hidden, **properties)
    ]


def ids(tenant: Tenant, **properties: str) -> set[str]:
    """The IDs of these rows."""
    return {str(row["id"]) for row in rows(tenant, **properties)}


def near(registry: Registry, digest: str) -> Path:
    """Where a registry keeps a blob near, for whichever project."""
    assert isinstance(registry, RegistryProcess)
    algorithm, _, number = digest.partition(":")
    blobs = registry.config.parent / "state" / "cache" / "blobs"
    return next(blobs.glob(f"*/{algorithm}/{number[:2]}/{number}"), blobs / "nowhere")
