"""Glance's visibility is the sharing: who else may pull a tag, its manifest and its blobs."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import pytest

from tests.access.conftest import As, Callers, eventually
from tests.api.content import Pusher, digest


def publish(callers: Callers, repository: str) -> None:
    tenant = callers.adam.tenant
    tenant.set_visibility(callers.alice.tenant.image(f"{repository}:latest"), "public")


def to_the_community(callers: Callers, repository: str) -> None:
    tenant = callers.alice.tenant
    tenant.set_visibility(tenant.image(f"{repository}:latest"), "community")


def share(callers: Callers, repository: str) -> None:
    tenant = callers.alice.tenant
    row = tenant.image(f"{repository}:latest")
    tenant.share(row, callers.bob.tenant)
    callers.bob.tenant.accept(row)


def take_back(callers: Callers, repository: str) -> None:
    tenant = callers.adam.tenant
    tenant.set_visibility(callers.alice.tenant.image(f"{repository}:latest"), "private")


OFFERS = {"public": publish, "community": to_the_community, "shared": share}


@pytest.fixture(params=OFFERS)
def offer(request: pytest.FixtureRequest) -> Callable[[Callers, str], None]:
    """Each of the ways in turn."""
    return OFFERS[request.param]


def paths(repository: str, manifest: str, layer: str) -> Iterator[str]:
    for rest in ("manifests/latest", f"manifests/{manifest}", f"blobs/{layer}"):
        yield f"/v2/{repository}/{rest}"


def statuses(client: As, repository: str, manifest: str, layer: str) -> list[int]:
    """How the tag, the manifest and a blob are answered, without and with the bytes."""
    return [
        client(method, path).status
        for path in paths(repository, manifest, layer)
        for method in ("HEAD", "GET")
    ]


def test_what_is_offered_can_be_pulled_until_it_is_taken_back(
    callers: Callers, repository: str, offer: Callable[[Callers, str], None]
) -> None:
    layer = secrets.token_bytes(1000)
    pushed = Pusher(callers.alice, repository).image("latest", layer)
    seen = (repository, pushed, digest(layer))
    assert statuses(callers.bob, *seen) == [404] * 6
    offer(callers, repository)
    eventually(lambda: statuses(callers.bob, *seen), [200] * 6)
    assert callers.bob("GET", f"/v2/{repository}/blobs/{digest(layer)}").body == layer
    take_back(callers, repository)
    eventually(lambda: statuses(callers.bob, *seen), [404] * 6)
    assert statuses(callers.alice, *seen) == [200] * 6


def test_an_offer_survives_the_next_push(
    callers: Callers, repository: str, offer: Callable[[Callers, str], None]
) -> None:
    Pusher(callers.alice, repository).image("latest", secrets.token_bytes(1000))
    offer(callers, repository)
    layer = secrets.token_bytes(1000)
    pusher = callers.adam if offer is publish else callers.alice
    pushed = Pusher(pusher, repository).image("latest", layer)
    eventually(lambda: statuses(callers.bob, repository, pushed, digest(layer)), [200] * 6)
