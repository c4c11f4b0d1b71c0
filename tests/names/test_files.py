"""Files and layers that were given a name in Glance are pulled by it."""

from __future__ import annotations

from uuid import uuid4

import pytest

from registry_glance.store.glance.writer import Small
from tests.access.conftest import As, Callers, eventually
from tests.access.held import rows
from tests.access.questions import READS, answers
from tests.api.content import CONFIG, Pusher, digest
from tests.api.content import image as manifest_of
from tests.clients.images import Image, greeting
from tests.glance_images.conftest import queued
from tests.glance_images.test_archives import saved
from tests.glance_images.test_layers import configuration, pushed
from tests.names.conftest import SEEN, layer, meant, named, row_of, tags

FORMATS = {"container_format": "docker", "disk_format": "raw"}


@pytest.fixture
def image() -> Image:
    """An image that nobody has."""
    return greeting(f"named {uuid4()}", size=5000)


def put(owner: As, name: str, data: bytes) -> str:
    """`image create --container-format docker --file`."""
    row = queued(owner.tenant, name, **FORMATS)
    owner.tenant.glance().write(row, Small(data))
    return row


def test_a_saved_image_is_pulled_by_its_name(
    callers: Callers, repository: str, image: Image
) -> None:
    alice = callers.alice
    row = put(alice, f"{repository}:1.0", saved(image))
    answer = alice("GET", f"/v2/{repository}/manifests/1.0")
    assert answer.status == 200, answer.body
    assert answer.body == alice("GET", f"/v2/glance/{row}/manifests/latest").body
    by_digest = f"/v2/{repository}/manifests/{answer['Docker-Content-Digest']}"
    assert alice("GET", by_digest).body == answer.body
    for data in (image.config, *image.tars):
        path = f"/v2/{repository}/blobs/{digest(data)}"
        assert (alice("HEAD", path).status, alice("GET", path).body) == (200, data)
    # Bob may have got the layer below from elsewhere.
    top = f"/v2/{repository}/blobs/{digest(image.tars[-1])}"
    assert callers.bob("GET", top).status == 404
    eventually(lambda: tags(alice, repository), ["1.0"])
    assert meant(alice, repository) == 404


def test_an_image_upon_a_file_outlives_it(callers: Callers, repository: str, image: Image) -> None:
    alice, own = callers.alice, layer()
    row = put(alice, repository, saved(image))
    assert alice("GET", f"/v2/{repository}/manifests/latest").status == 200
    for tar in image.tars[1:]:
        assert alice("HEAD", f"/v2/{repository}/blobs/{digest(tar)}").status == 200
        assert rows(alice.tenant, oci_kind="blob", oci_digest=digest(tar)) == []
    pusher = Pusher(alice, repository)
    for data in (CONFIG, own):
        pusher.blob(data)
    made = pusher.manifest(manifest_of(*image.tars, own), "mine")
    assert alice("DELETE", f"/v2/{repository}/manifests/latest").status == 202
    assert row not in [one["id"] for one in alice.tenant.glance().named(repository)]
    assert meant(alice, repository, "mine") == made
    for data in (*image.tars, own):
        assert alice("GET", f"/v2/{repository}/blobs/{digest(data)}").body == data


def test_a_layer_that_is_given_a_name_is_an_image_and_stays_a_layer(
    callers: Callers, repository: str
) -> None:
    alice, layers = callers.alice, [layer(), layer()]
    config = configuration(2)
    whole = pushed(alice, repository, config, *layers)
    (row,) = rows(alice.tenant, oci_kind="upload", oci_digest=digest(layers[0]))
    base = f"{repository}/base"
    alice.tenant.glance().update(row["id"], {"name": base, "os_hidden": False})
    eventually(lambda: alice("GET", f"/v2/{base}/manifests/latest").status, 200)
    found = alice("GET", f"/v2/{base}/manifests/latest").json
    assert [one["digest"] for one in found["layers"]] == [digest(layers[0])]
    eventually(lambda: tags(alice, base), ["latest"])
    for data in (config, *layers):
        assert alice("GET", f"/v2/{repository}/blobs/{digest(data)}").body == data
        assert alice("HEAD", f"/v2/{repository}/blobs/{digest(data)}").status == 200
    assert meant(alice, repository) == whole
    alice.tenant.glance().update(row["id"], {"name": None, "os_hidden": True})
    eventually(lambda: meant(alice, base), 404)
    assert row_of(alice, row["id"])["status"] == "active"


def test_what_is_no_image_is_told_by_its_name(callers: Callers, repository: str) -> None:
    """And is no obstacle to who pushes to the repository."""
    put(callers.alice, f"{repository}:broken", b"nothing that could be run")
    answer = callers.alice("GET", f"/v2/{repository}/manifests/broken")
    assert (answer.status, answer.code) == (404, "MANIFEST_UNKNOWN")
    assert answer.json["errors"][0]["message"] != "manifest unknown"
    data = layer()
    _, found = named(callers.alice, repository, data)
    assert answers(callers.alice, found, READS)["pull the tag"] == SEEN["pull the tag"]
    pusher = Pusher(callers.alice, repository)
    made = pusher.image("broken", layer())
    assert meant(callers.alice, repository, "broken") == made
