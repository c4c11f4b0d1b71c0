"""Registries that share nothing but Glance."""

from __future__ import annotations

from tests.clients.crane import Crane
from tests.clients.docker import Docker
from tests.clients.images import greeting
from tests.conftest import StartRegistry

SMALL = {"piece_size": "1MiB"}


def test_what_one_replica_was_given_another_one_has(
    docker: Docker, crane: Crane, start_registry: StartRegistry
) -> None:
    one, other = start_registry(), start_registry()
    image = greeting("replicas")
    docker.push(image, one.reference("replicas/shared:1"))
    assert crane.pull(other.reference("replicas/shared:1")).holds(image)
    crane.run("tag", other.reference("replicas/shared:1"), "2")
    assert docker.pull(one.reference("replicas/shared:2")).holds(image)


def test_a_layer_in_pieces_is_pulled_whole_elsewhere(
    docker: Docker, start_registry: StartRegistry
) -> None:
    one, other = start_registry(glance=SMALL), start_registry()
    image = greeting("pieces", layers=2, size=5 << 20)
    docker.push(image, one.reference("replicas/pieces:1"))
    assert docker.pull(other.reference("replicas/pieces:1")).holds(image)


def test_a_registry_that_was_killed_comes_back_with_its_images(
    crane: Crane, start_registry: StartRegistry
) -> None:
    registry, image = start_registry(), greeting("killed")
    crane.push(image, registry.reference("replicas/killed:1"))
    registry.kill()
    registry.start()
    assert crane.pull(registry.reference("replicas/killed:1")).holds(image)
