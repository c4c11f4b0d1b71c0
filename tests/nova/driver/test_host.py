"""The host as Nova and Placement see it."""

from __future__ import annotations

import os
from uuid import uuid4

import nova.conf
import pytest
from nova import exception
from nova.compute.provider_tree import ProviderTree

from nova_driver.docker.inventory import version
from tests.nova.driver.host import Host


def test_resources_are_those_of_the_machine(host: Host) -> None:
    found = host.driver.get_available_resource(host.name)
    assert host.driver.get_available_nodes() == [host.name]
    assert found["hypervisor_hostname"] == host.name
    assert found["hypervisor_type"] == "docker"
    assert found["hypervisor_version"] >= 20_010_000
    assert found["vcpus"] == os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert found["memory_mb"] == memory >> 20
    assert 0 < found["local_gb_used"] < found["local_gb"]
    assert found["supported_instances"] == [("x86_64", "docker", "exe")]


def test_placement_gets_the_inventory(host: Host) -> None:
    conf, tree = nova.conf.CONF, ProviderTree()
    tree.new_root(host.name, str(uuid4()))
    conf.set_override("reserved_host_memory_mb", 123)
    conf.set_override("cpu_allocation_ratio", 8.0)
    try:
        host.driver.update_provider_tree(tree, host.name)
    finally:
        conf.clear_override("reserved_host_memory_mb")
        conf.clear_override("cpu_allocation_ratio")
    found = tree.data(host.name).inventory
    assert set(found) == {"VCPU", "MEMORY_MB", "DISK_GB"}
    assert found["VCPU"]["total"] == os.cpu_count()
    assert found["VCPU"]["allocation_ratio"] == 8.0
    assert found["MEMORY_MB"]["reserved"] == 123
    assert found["DISK_GB"]["total"] == found["DISK_GB"]["max_unit"] > 0


def test_capabilities_are_true(host: Host) -> None:
    true = {name for name, able in host.driver.capabilities.items() if able}
    assert true == {
        "has_imagecache",
        "supports_attach_interface",
        "supports_image_type_raw",
        "supports_migrate_to_same_host",
    }
    traits = host.driver.capabilities_as_traits()
    assert traits["COMPUTE_IMAGE_TYPE_RAW"]
    assert not traits["COMPUTE_IMAGE_TYPE_QCOW2"]


@pytest.mark.parametrize("url", ["unix:///no/such/socket", "tcp://127.0.0.1:2375"])
def test_an_engine_that_is_not_there_stops_the_start(host: Host, url: str) -> None:
    nova.conf.CONF.set_override("host_url", url, group="docker")
    with pytest.raises((exception.HypervisorUnavailable, exception.InvalidConfiguration)):
        host.driver.init_host(host.name)


def test_an_engine_that_left_is_said_to_have(host: Host) -> None:
    host.driver._node.engine._path = "/no/such/socket"
    host.driver._node.engine._version = None
    with pytest.raises(exception.HypervisorUnavailable):
        host.driver.list_instance_uuids()


VERSIONS = {
    "20.10.24+dfsg1": 20_010_024,
    "28.2.2": 28_002_002,
    "29.0.0-rc.1": 29_000_000,
    "dev": 0,
}


@pytest.mark.parametrize("text", VERSIONS)
def test_any_version_is_a_number(text: str) -> None:
    assert version(text) == VERSIONS[text]
