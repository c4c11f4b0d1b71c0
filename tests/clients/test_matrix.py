"""What one client pushed, every other one pulls: the same image, down to its files."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.clients.client import Client
from tests.clients.images import Image, digest, greeting
from tests.registry import Registry

NAMES = ("docker", "podman", "containerd", "skopeo", "crane", "oras", "regctl")
COPIERS = NAMES[2:]

Push = Callable[[str], tuple[Image, str]]


@pytest.fixture(scope="module")
def pushed(registry: Registry, request: pytest.FixtureRequest) -> Push:
    """Push an image with a client, the first time that client is asked for."""
    shelf: dict[str, tuple[Image, str]] = {}

    def push(name: str) -> tuple[Image, str]:
        if name not in shelf:
            client: Client = request.getfixturevalue(name)
            image, reference = greeting(name), registry.reference(f"matrix/{name}:1.0")
            client.push(image, reference)
            shelf[name] = image, reference
        return shelf[name]

    return push


@pytest.mark.parametrize("puller", NAMES)
@pytest.mark.parametrize("pusher", NAMES)
def test_an_image_pushed_by_one_client_is_pulled_by_the_other(
    pusher: str, puller: str, pushed: Push, registry: Registry, request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(puller)
    image, reference = pushed(pusher)
    pulled = client.pull(reference)
    assert pulled.holds(image)
    assert pulled.manifest == registry.manifest(f"matrix/{pusher}", "1.0").digest


@pytest.mark.parametrize("pusher", COPIERS)
def test_a_copied_image_keeps_its_digest(pusher: str, pushed: Push, registry: Registry) -> None:
    image, _ = pushed(pusher)
    assert registry.manifest(f"matrix/{pusher}", "1.0").digest == digest(image.manifest)
