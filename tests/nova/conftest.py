"""A whole OpenStack, and a Docker Engine beside it; skipped where they cannot run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry_glance.embedded.cloud import Cloud
from registry_glance.embedded.errors import CannotStart
from registry_glance.embedded.openstack import Hypervisor, OpenStack

FAKE = "fake.FakeDriver"
#: The host that Nova's own fake driver pretends to be.
FAKE_HOST = "fake"


@pytest.fixture(scope="session")
def openstack_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenStack]:
    """Keystone, Glance, Placement and Nova with its own fake driver.

    `add_compute(Hypervisor("another", docker=..., registry=...))` adds a host with ours.
    """
    try:
        cloud = Cloud(tmp_path_factory.mktemp("openstack"), keystone_port=0, glance_port=0)
        openstack = OpenStack(cloud, Hypervisor(FAKE_HOST, FAKE), nova_port=0)
    except CannotStart as reason:
        pytest.skip(str(reason))
    openstack.start()
    yield openstack
    end(openstack)


def end(openstack: OpenStack) -> None:
    """End it at once: nobody wants to find anything again."""
    for process in openstack.processes:
        process.stop(timeout=0)
