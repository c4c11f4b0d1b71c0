"""Real clients push to the ID of an image that waits for its data, and pull it from there."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import uuid4

import pytest

from registry_glance.embedded.cloud import CLOUD_NAME, Cloud
from registry_glance.glance.client import Glance
from registry_glance.glance.cloud import from_clouds_yaml
from tests.clients.client import Client
from tests.clients.docker import Docker
from tests.clients.engine import Engine
from tests.clients.images import greeting
from tests.clients.program import ProgramFailed
from tests.glance_images.conftest import add, copied, snapshot
from tests.registry import RegistryProcess
from tests.tenants import Tenant, Tenants


@pytest.fixture
def glance(cloud: Cloud) -> Glance:
    """Glance, as the registry itself sees it."""
    return Glance(from_clouds_yaml(CLOUD_NAME, str(cloud.clouds_yaml)))


@pytest.fixture
def name() -> str:
    """A tag that no other test uses."""
    return f"clients-{uuid4().hex[:8]}/app:latest"


@pytest.fixture(params=["docker", "crane", "skopeo", "podman"])
def client(request: pytest.FixtureRequest) -> Client:
    """Each client in turn."""
    found: Client = request.getfixturevalue(request.param)
    return found


def test_a_client_fills_a_snapshot_and_pulls_it(
    client: Client, shared_registry: RegistryProcess, glance: Glance, name: str
) -> None:
    base, changed = greeting("base"), greeting(f"changed {uuid4()}", layers=4)
    client.push(base, shared_registry.reference(name))
    (tag,) = glance.named(name)
    row = add(glance, name, **copied(glance, tag["id"]))
    reference = f"glance/{row}"
    client.push(changed, shared_registry.reference(f"{reference}:latest"))
    filled = glance.get(row)
    assert (filled["status"], filled["oci_kind"]) == ("active", "image")
    found = client.pull(shared_registry.reference(f"{reference}:latest"))
    assert found.holds(changed)
    assert found.manifest == filled["oci_digest"]
    digest = filled["oci_digest"]
    assert client.pull(shared_registry.reference(f"{reference}@{digest}")).holds(changed)
    # The tag of the same name is what it was.
    assert client.pull(shared_registry.reference(name)).holds(base)
    client.push(changed, shared_registry.reference(f"{reference}:latest"))
    assert glance.get(row) == filled


def touched(docker: Docker, reference: str, target: str) -> str:
    """Pull an image, change something in a container of it, and push that to `target`, as a
    snapshot is taken; what docker says.
    """
    docker.forget(reference)
    docker.run("pull", reference)
    touch = ("/bin/busybox", "touch", "/etc/touched")
    container = docker.run.output("create", "--network=none", reference, *touch).decode().strip()
    try:
        docker.run("start", "--attach", container)
        docker.run("commit", container, target)
        return docker.run("push", target)
    finally:
        docker.run("rm", container)


def test_docker_sends_only_what_a_snapshot_adds(
    docker: Docker, shared_registry: RegistryProcess, glance: Glance, name: str
) -> None:
    reference = shared_registry.reference(name)
    docker.push(greeting(f"origin {uuid4()}"), reference)
    (tag,) = glance.named(name)
    row = add(glance, "snap", **copied(glance, tag["id"]))
    target = shared_registry.reference(f"glance/{row}:latest")
    said = touched(docker, reference, target)
    assert said.count("Mounted from") + said.count("Layer already exists") == 3
    assert said.count("Pushed") == 1
    assert "etc/touched" in docker.pull(target).files


def test_layers_of_another_projects_public_image_are_not_sent(
    engine: Engine, tenants: Tenants, tenant_registry: RegistryProcess, tmp_path: Path, name: str
) -> None:
    alice, bob = (
        logged_in(engine, tenant, tenant_registry, tmp_path)
        for tenant in (tenants.alice, tenants.bob)
    )
    reference = tenant_registry.reference(name)
    alice.push(greeting(f"origin {uuid4()}"), reference)
    tag = tenants.alice.image(name)
    tenants.adam.set_visibility(tag, "public")
    row = snapshot(tenants.bob, "snap", tag)
    target = tenant_registry.reference(f"glance/{row}:latest")
    said = touched(bob, reference, target)
    assert said.count("Mounted from") + said.count("Layer already exists") == 3
    assert said.count("Pushed") == 1
    tenants.adam.set_visibility(tag, "private")
    assert "etc/touched" in bob.pull(target).files


def logged_in(engine: Engine, tenant: Tenant, registry: RegistryProcess, folder: Path) -> Docker:
    """A docker with a memory of its own, logged in as somebody."""
    docker = Docker(engine, folder / tenant.user)
    docker.folder.mkdir()
    words = ("login", "--username", tenant.login, "--password-stdin", registry.address)
    docker.run(*words, stdin=tenant.password.encode())
    return docker


def test_docker_is_told_at_once_why_an_image_takes_no_push(
    docker: Docker, shared_registry: RegistryProcess, glance: Glance, name: str
) -> None:
    """It tries again for 50 s what it takes for a failure that passes."""
    docker.push(greeting("refused"), shared_registry.reference(name))
    (tag,) = glance.named(name)
    reasons = {tag["id"]: "only a queued one takes a push", str(uuid4()): "has this ID"}
    for image, reason in reasons.items():
        target = shared_registry.reference(f"glance/{image}:latest")
        docker.load(greeting(f"refused {uuid4()}"), target)
        began = time.monotonic()
        with pytest.raises(ProgramFailed, match=reason):
            docker.run("push", target)
        assert time.monotonic() - began < 40
