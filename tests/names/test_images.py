"""An image that is called like a tag has that tag, unless something was pushed as it."""

from __future__ import annotations

import pytest

from tests.access.conftest import Callers, eventually
from tests.access.questions import READS, Image, answers, pushed, told
from tests.api.content import Pusher, digest, image
from tests.glance_images.conftest import queued
from tests.names.conftest import SEEN, cataloged, layer, meant, named, renamed, row_of, tags

#: What Glance takes for a name, and no registry does.
NO_NAMES = (
    "{} ",
    "{}:a:b",
    "{}:",
    "{}/Upper:1",
    "HOST:5042/{}",
    "{}:1\n",
    "{}:\N{SNOWMAN}",
    "glance/{}:1",
    "{}/" + "x" * 255,
    "{}:" + "x" * 255,
)


@pytest.mark.parametrize("name", ["{}", "{}:latest"])
def test_an_image_is_pulled_by_its_name(
    callers: Callers, repository: str, data: bytes, name: str
) -> None:
    row, found = named(callers.alice, repository, data, name.format(repository))
    assert answers(callers.alice, found, READS) == SEEN
    assert found.ask(callers.alice, READS["pull a blob"]).body == data
    by_id = callers.alice("GET", f"/v2/glance/{row}/manifests/latest")
    by_name = callers.alice("GET", f"/v2/{repository}/manifests/latest")
    assert (by_name.body, by_name["Content-Type"]) == (by_id.body, by_id["Content-Type"])
    eventually(lambda: tags(callers.alice, repository), ["latest"])
    assert cataloged(callers.alice, repository)
    # Private, as Glance has made it.
    assert answers(callers.bob, found, READS)["pull the tag"] == "404 MANIFEST_UNKNOWN"
    assert answers(callers.bob, found, READS)["pull a blob"] == "404 BLOB_UNKNOWN"


def test_an_image_takes_no_tag_that_was_pushed(
    callers: Callers, repository: str, data: bytes
) -> None:
    alice = callers.alice
    tag = pushed(alice, repository, layer())
    row, snapshot = named(alice, repository, data, f"{repository}:latest")
    named(alice, repository, layer())
    before = row_of(alice, row)
    assert meant(alice, repository) == tag.manifest
    assert (
        told(
            Image(f"glance/{row}", snapshot.manifest, "", b"").ask(
                alice, READS["pull the manifest"]
            )
        )
        == "200"
    )
    again = pushed(alice, repository, layer())
    assert meant(alice, repository) == again.manifest
    assert row_of(alice, row) == before
    # The tag is nobody's any more: then it is the image's, until it is pushed anew.
    assert alice("DELETE", f"/v2/{repository}/manifests/latest").status == 202
    assert meant(alice, repository) == snapshot.manifest
    assert answers(alice, snapshot, READS) == SEEN
    pushed(alice, repository, tag.data)
    assert meant(alice, repository) == tag.manifest
    assert row_of(alice, row) == before


def test_of_several_the_first_keeps_the_name(
    callers: Callers, repository: str, data: bytes
) -> None:
    alice = callers.alice
    made = [named(alice, repository, layer(), name) for name in (repository, "", "", "")]
    # Glance tells the time by the second.
    order = sorted(made, key=lambda one: (row_of(alice, one[0])["created_at"], one[0]))
    for row, found in order:
        eventually(lambda: meant(alice, repository), found.manifest)
        alice.tenant.glance().delete(row)
    eventually(lambda: meant(alice, repository), 404)
    eventually(lambda: (tags(alice, repository), cataloged(alice, repository)), ([], False))


def test_a_queued_image_has_no_tag(callers: Callers, repository: str) -> None:
    queued(callers.alice.tenant, repository, container_format="docker", disk_format="raw")
    assert meant(callers.alice, repository) == 404
    assert tags(callers.alice, repository) == []


def test_what_is_no_name_is_listed_nowhere(callers: Callers, repository: str, data: bytes) -> None:
    """Such an image is pulled by its ID."""
    ids = [queued(callers.alice.tenant, name.format(repository)[:255]) for name in NO_NAMES]
    for row in ids:
        found = pushed(callers.alice, f"glance/{row}", data)
        assert told(found.ask(callers.alice, READS["pull the tag"])) == "200"
    named(callers.alice, f"{repository}/last", data)
    eventually(lambda: cataloged(callers.alice, f"{repository}/last"), True)
    listed = callers.alice("GET", "/v2/_catalog?n=100000").json["repositories"]
    assert [name for name in listed if repository in name] == [f"{repository}/last"]
    assert tags(callers.alice, repository) == []
    assert meant(callers.alice, repository, "1") == 404


@pytest.mark.parametrize("reference", ["latest", "{manifest}"])
def test_deleting_a_name_deletes_the_image(
    callers: Callers, repository: str, data: bytes, reference: str
) -> None:
    alice = callers.alice
    row, found = named(alice, repository, data)
    path = f"/v2/{repository}/manifests/{reference.format(manifest=found.manifest)}"
    assert alice("GET", path).status == 200
    alice.tenant.protect(row)
    assert told(alice("DELETE", path)) == "403 DENIED"
    alice.tenant.protect(row, protected=False)
    assert told(callers.bob("DELETE", path)) == "404 MANIFEST_UNKNOWN"
    assert alice("DELETE", path).status == 202
    assert meant(alice, repository) == 404
    assert row not in [one["id"] for one in alice.tenant.glance().named(repository)]


def test_a_stranger_neither_deletes_an_image_nor_its_blobs(
    callers: Callers, repository: str, data: bytes
) -> None:
    row, found = named(callers.alice, repository, data)
    callers.adam.tenant.set_visibility(row, "public")
    eventually(lambda: meant(callers.bob, repository), found.manifest)
    for path in ("manifests/latest", f"manifests/{found.manifest}", f"blobs/{found.layer}"):
        assert told(callers.bob("DELETE", f"/v2/{repository}/{path}")) == "403 DENIED"
    assert row_of(callers.alice, row)["status"] == "active"


def test_an_image_upon_a_named_one_gets_copies_of_its_layers(
    callers: Callers, repository: str, data: bytes
) -> None:
    """Clients that were told that a layer is there do not send it."""
    row, base = named(callers.alice, repository, data)
    callers.adam.tenant.set_visibility(row, "public")
    eventually(lambda: meant(callers.bob, repository), base.manifest)
    assert told(base.ask(callers.bob, READS["see a blob"])) == "200"
    pusher, own = Pusher(callers.bob, repository), layer()
    pusher.blob(own)
    manifest = pusher.manifest(image(data, own), "mine")
    callers.adam.tenant.set_visibility(row, "private")
    eventually(lambda: meant(callers.bob, repository), 404)
    for one in (data, own):
        assert callers.bob("GET", pusher.path(f"blobs/{digest(one)}")).body == one
    assert meant(callers.bob, repository, "mine") == manifest


def test_a_blob_is_mounted_from_a_named_image(
    callers: Callers, repository: str, data: bytes
) -> None:
    row, base = named(callers.alice, repository, data)
    callers.adam.tenant.set_visibility(row, "public")
    eventually(lambda: meant(callers.bob, repository), base.manifest)
    path = f"/v2/{repository}/other/blobs/uploads/?mount={base.layer}&from={repository}"
    assert callers.bob("POST", path).status == 201
    mounted = callers.bob("GET", f"/v2/{repository}/other/blobs/{base.layer}")
    assert mounted.body == data


def test_a_renamed_image_leaves_its_name(callers: Callers, repository: str, data: bytes) -> None:
    alice = callers.alice
    row, found = named(alice, repository, data)
    assert answers(alice, found, READS) == SEEN
    renamed(alice, row, f"{repository}/other:1")
    eventually(lambda: meant(alice, repository), 404)
    eventually(lambda: meant(alice, f"{repository}/other", "1"), found.manifest)
    eventually(lambda: (tags(alice, repository), tags(alice, f"{repository}/other")), ([], ["1"]))
    gone = f"/v2/{repository}/manifests/{found.manifest}"
    eventually(lambda: alice("HEAD", gone).status, 404)
    assert alice("HEAD", f"/v2/{repository}/other/manifests/{found.manifest}").status == 200
    renamed(alice, row, None)
    eventually(lambda: meant(alice, f"{repository}/other", "1"), 404)
    eventually(lambda: cataloged(alice, f"{repository}/other"), False)
    alice.tenant.glance().delete(row)
