"""What docker pushed is an image to OpenStack, and the other way round."""

from __future__ import annotations

from tests.clients.crane import Crane
from tests.clients.docker import Docker
from tests.clients.images import greeting
from tests.clients.openstack import OpenStack
from tests.registry import RegistryProcess


def test_a_pushed_image_is_shown_by_its_name(
    docker: Docker, openstack: OpenStack, shared_registry: RegistryProcess
) -> None:
    docker.push(greeting("shown"), shared_registry.reference("openstack/shown:1.0"))
    shown = openstack.image("openstack/shown:1.0")
    assert shown["container_format"] == "docker"
    assert shown["status"] == "active"


def test_only_what_has_a_name_is_listed(
    docker: Docker, openstack: OpenStack, shared_registry: RegistryProcess
) -> None:
    docker.push(greeting("listed"), shared_registry.reference("openstack/listed:1"))
    names = [image["Name"] for image in openstack.images()]
    assert names.count("openstack/listed:1") == 1
    assert all(names)


def test_the_data_of_an_image_is_its_manifest(
    crane: Crane, openstack: OpenStack, shared_registry: RegistryProcess
) -> None:
    image = greeting("saved")
    crane.push(image, shared_registry.reference("openstack/saved:1"))
    assert openstack.run.output("image", "save", "openstack/saved:1") == image.manifest


def test_a_tag_deleted_in_openstack_is_no_longer_pulled(
    crane: Crane, openstack: OpenStack, shared_registry: RegistryProcess
) -> None:
    reference = shared_registry.reference("openstack/deleted:1")
    crane.push(greeting("deleted in openstack"), reference)
    openstack.run("image", "delete", "openstack/deleted:1")
    crane.run.refusal("manifest", reference)


def test_a_tag_renamed_in_openstack_is_pulled_by_its_new_name(
    crane: Crane, openstack: OpenStack, shared_registry: RegistryProcess
) -> None:
    image = greeting("renamed")
    crane.push(image, shared_registry.reference("openstack/renamed:1"))
    openstack.run("image", "set", "--name=openstack/renamed:2", "openstack/renamed:1")
    assert crane.pull(shared_registry.reference("openstack/renamed:2")).holds(image)
