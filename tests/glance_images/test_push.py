"""A push to the ID of an image that waits for its data."""

from __future__ import annotations

import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from registry_glance.oci.media_types import DOCKER_MANIFEST, OCI_MANIFEST
from tests.access.conftest import As, Callers
from tests.access.questions import READS, Image, answers, pushed, told
from tests.api.content import CONFIG, Pusher, digest, image, index
from tests.glance_images.conftest import plain, queued, snapshot

SEEN = dict.fromkeys(READS, "200")


def said(owner: As, row: str) -> dict[str, str]:
    """What the row says of its manifest, but for the seal."""
    found = owner.tenant.glance().get(row)
    return {
        name: text for name, text in found.items() if name.startswith("oci_") and name != "oci_seal"
    }


def prepared(owner: As, row: str, *layers: bytes) -> Pusher:
    """A pusher to the row, whose blobs are there."""
    pusher = Pusher(owner, f"glance/{row}")
    for data in (CONFIG, *layers):
        pusher.blob(data)
    return pusher


@pytest.fixture
def data() -> bytes:
    """A layer that nobody has."""
    return secrets.token_bytes(1000)


@pytest.mark.parametrize("reference", ["latest", "whatever", "sha256", "sha512"])
def test_a_snapshot_is_filled(
    callers: Callers, repository: str, data: bytes, reference: str
) -> None:
    """What Nova has copied of the image that the server was booted from is gone."""
    alice, manifest = callers.alice, image(data)
    pushed(alice, repository, secrets.token_bytes(10))
    row = snapshot(alice.tenant, "snap", alice.tenant.image(f"{repository}:latest"), oci_more="x")
    name = digest(manifest, reference if reference == "sha512" else "sha256")
    pusher = prepared(alice, row, data)
    answer = pusher.put(name if reference.startswith("sha") else reference, manifest)
    assert (answer.status, answer["Docker-Content-Digest"]) == (201, name)
    assert answer["Location"] == pusher.path(f"manifests/{name}")
    assert said(alice, row) == {
        "oci_kind": "image",
        "oci_image": row,
        "oci_repository": f"glance/{row}",
        "oci_digest": name,
        "oci_media_type": OCI_MANIFEST,
        "oci_size": str(len(manifest) + len(CONFIG) + len(data)),
    }
    filled = alice.tenant.glance().get(row)
    assert (filled["status"], filled["size"]) == ("active", len(manifest))
    assert (filled["container_format"], filled["disk_format"]) == ("docker", "raw")
    assert (filled["name"], filled["visibility"], filled["image_type"]) == (
        "snap",
        "private",
        "snapshot",
    )
    assert b"".join(alice.tenant.glance().read(row)) == manifest
    found = Image(f"glance/{row}", name, digest(data), data)
    assert answers(alice, found, READS) == SEEN
    assert found.ask(alice, READS["pull a blob"]).body == data


def test_a_snapshot_named_like_a_tag_does_not_take_it(
    callers: Callers, repository: str, data: bytes
) -> None:
    alice, name = callers.alice, f"{repository}:latest"
    tag = pushed(alice, repository, data)
    base = alice.tenant.image(name)
    row = snapshot(alice.tenant, name, base)
    assert answers(alice, tag, READS) == SEEN
    other = pushed(alice, f"glance/{row}", secrets.token_bytes(1000))
    assert other.manifest != tag.manifest

    def meant() -> tuple[str, str]:
        answer = tag.ask(alice, READS["pull the tag"])
        return answer["Docker-Content-Digest"], str(alice.tenant.glance().get(base)["name"])

    assert meant() == (tag.manifest, name)
    # Not by the next push either, which takes the name from all rows before its own.
    pushed(alice, repository, secrets.token_bytes(10))
    assert alice.tenant.glance().get(row)["name"] == name
    assert answers(alice, other, READS) == SEEN
    assert alice("DELETE", f"/v2/{repository}/manifests/latest").status == 202
    assert answers(alice, other, READS) == SEEN
    # Now that none is called so, it is.
    assert tag.ask(alice, READS["pull the tag"])["Docker-Content-Digest"] == other.manifest


def test_other_formats_of_a_queued_image_are_replaced(callers: Callers, data: bytes) -> None:
    formats = {"container_format": "bare", "disk_format": "qcow2"}
    row = queued(callers.alice.tenant, **formats, visibility="shared")
    found = pushed(callers.alice, f"glance/{row}", data)
    filled = callers.alice.tenant.glance().get(row)
    assert (filled["container_format"], filled["disk_format"]) == ("docker", "raw")
    assert answers(callers.alice, found, READS) == SEEN


def test_a_repeated_push_does_no_harm(callers: Callers, data: bytes) -> None:
    alice = callers.alice
    row = queued(alice.tenant)
    pusher, manifest = prepared(alice, row, data), image(data)
    pusher.manifest(manifest, "latest")
    before = alice.tenant.glance().get(row)
    for reference in ("latest", "other", digest(manifest)):
        assert pusher.put(reference, manifest).status == 201
    assert alice.tenant.glance().get(row) == before
    pushed(alice, f"glance/{row}", data)


def test_a_repeated_push_says_again_what_was_changed_in_glance(
    callers: Callers, data: bytes
) -> None:
    alice = callers.alice
    row = queued(alice.tenant)
    pusher, manifest = prepared(alice, row, data), image(data)
    pusher.manifest(manifest, "latest")
    before = alice.tenant.glance().get(row)
    alice.tenant.glance().update(row, {"oci_size": "1", "oci_more": "x"})
    pusher.manifest(manifest, "latest")
    after = alice.tenant.glance().get(row)
    assert {**after, "updated_at": ""} == {**before, "updated_at": ""}


def test_a_filled_image_takes_no_other_manifest(callers: Callers, data: bytes) -> None:
    row = queued(callers.alice.tenant)
    found = pushed(callers.alice, f"glance/{row}", data)
    answer = Pusher(callers.alice, f"glance/{row}").put("latest", image(data, data))
    assert told(answer) == "403 DENIED"
    assert answer.json["errors"][0]["message"] == (
        "the image is active: only a queued one takes a push"
    )
    assert found.ask(callers.alice, READS["pull the tag"])["Docker-Content-Digest"] == (
        found.manifest
    )


def test_what_is_no_snapshot_takes_no_push(callers: Callers, repository: str, data: bytes) -> None:
    """Not even the bytes: a client is told at once."""
    alice = callers.alice
    tag = pushed(alice, repository, data)
    vm = plain(alice.tenant, b"a disk")
    for row in (vm, alice.tenant.image(f"{repository}:latest")):
        before = alice.tenant.glance().get(row)
        pusher = Pusher(alice, f"glance/{row}")
        assert told(pusher.put("latest", image(data, data))) == "403 DENIED"
        assert alice.tenant.glance().get(row) == before
    assert told(alice("POST", f"/v2/glance/{vm}/blobs/uploads/")) == "403 DENIED"
    mount = f"/v2/glance/{vm}/blobs/uploads/?mount={tag.layer}&from={repository}"
    assert told(alice("POST", mount)) == "403 DENIED"
    assert b"".join(alice.tenant.glance().read(vm)) == b"a disk"


def test_an_image_that_is_not_there_is_unknown(callers: Callers, data: bytes) -> None:
    """To a stranger nothing tells his from one that nobody has."""
    private = queued(callers.alice.tenant)
    Pusher(callers.bob, f"app-{uuid4().hex}").image("latest", data)
    told_of = {}
    for row in (private, str(uuid4())):
        pusher = Pusher(callers.bob, f"glance/{row}")
        found = (
            callers.bob("POST", pusher.path("blobs/uploads/")),
            callers.bob("POST", pusher.path(f"blobs/uploads/?mount={digest(data)}")),
            pusher.put("latest", image(data)),
        )
        assert [told(answer) for answer in found] == ["404 NAME_UNKNOWN"] * 3
        told_of[row] = [answer.body.decode().replace(row, "ID") for answer in found]
    assert told_of[private] == list(told_of.values())[1]
    assert callers.alice.tenant.glance().get(private)["status"] == "queued"


@pytest.mark.parametrize("visibility", ["public", "shared"])
def test_anothers_image_takes_no_push(callers: Callers, data: bytes, visibility: str) -> None:
    row = queued(callers.alice.tenant)
    callers.adam.tenant.set_visibility(row, visibility)
    if visibility == "shared":
        callers.adam.tenant.share(row, callers.bob.tenant)
    Pusher(callers.bob, f"app-{uuid4().hex}").image("latest", data)
    pusher = Pusher(callers.bob, f"glance/{row}")
    assert told(callers.bob("POST", pusher.path("blobs/uploads/"))) == "403 DENIED"
    assert told(pusher.put("latest", image(data))) == "403 DENIED"
    assert callers.alice.tenant.glance().get(row)["container_format"] is None


def test_an_admin_fills_no_image_of_another_project(callers: Callers, data: bytes) -> None:
    """Glance would let him; but the blobs that he has pushed are not that project's."""
    row = queued(callers.bob.tenant)
    Pusher(callers.adam, f"app-{uuid4().hex}").image("latest", data)
    answer = Pusher(callers.adam, f"glance/{row}").put("latest", image(data))
    assert told(answer) == "403 DENIED"


def test_a_reader_pushes_nothing(callers: Callers, data: bytes) -> None:
    row = queued(callers.alice.tenant)
    assert told(callers.rita("POST", f"/v2/glance/{row}/blobs/uploads/")) == "403 DENIED"
    assert told(Pusher(callers.rita, f"glance/{row}").put("latest", image())) == "403 DENIED"


def test_a_manifest_whose_blobs_are_missing_changes_nothing(callers: Callers, data: bytes) -> None:
    row = queued(callers.alice.tenant, oci_kind="tag")
    before = callers.alice.tenant.glance().get(row)
    pusher = prepared(callers.alice, row)
    assert told(pusher.put("latest", image(data))) == "404 MANIFEST_BLOB_UNKNOWN"
    assert callers.alice.tenant.glance().get(row) == before


def test_an_index_is_refused(callers: Callers, data: bytes) -> None:
    row = queued(callers.alice.tenant)
    pusher = prepared(callers.alice, row, data)
    for manifest in (index(), index(image(data))):
        assert told(pusher.put("latest", manifest)) == "400 MANIFEST_INVALID"
    assert callers.alice.tenant.glance().get(row)["status"] == "queued"


ID = "0c5f6a1e-6f0b-4c5e-9a53-5b1d0f6f8e7a"


@pytest.mark.parametrize(
    "name", ["foo", f"{ID}/more", f"{ID}x", f"more/{ID}", ID.upper(), ID.replace("-", ""), ""]
)
@pytest.mark.parametrize("question", [("GET", "manifests/latest"), ("POST", "blobs/uploads/")])
def test_other_names_below_the_prefix_are_none(
    callers: Callers, name: str, question: tuple[str, str]
) -> None:
    method, rest = question
    answer = callers.alice(method, f"/v2/glance/{name}/{rest}")
    assert told(answer) == "400 NAME_INVALID"
    assert "ID of an image" in answer.json["errors"][0]["message"]


def test_the_prefix_alone_is_a_name(callers: Callers) -> None:
    assert Pusher(callers.alice, "glance").image("latest")
    assert Pusher(callers.alice, "glancelike/foo").image("latest")


def test_of_pushes_at_once_one_fills_the_image(callers: Callers, data: bytes) -> None:
    """And the row says of it what is true of it."""
    alice = callers.alice
    row = queued(alice.tenant, oci_kind="tag", oci_tag="x")
    pusher = prepared(alice, row, data)
    manifests = {digest(one): one for one in (image(data, n=str(n)) for n in range(6))}
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda one: pusher.put("latest", one), manifests.values()))
    assert sorted(told(answer) for answer in found) == ["201"] + ["403 DENIED"] * 5
    (winner,) = (one["Docker-Content-Digest"] for one in found if one.status == 201)
    assert said(alice, row)["oci_digest"] == winner
    answer = alice("GET", f"/v2/glance/{row}/manifests/latest")
    assert (answer["Docker-Content-Digest"], answer.body) == (winner, manifests[winner])


def test_the_same_pushed_at_once_succeeds(callers: Callers, data: bytes) -> None:
    row = queued(callers.alice.tenant)
    pusher, manifest = prepared(callers.alice, row, data), image(data)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: pusher.put("latest", manifest), range(2)))
    assert 201 in [answer.status for answer in found]
    assert pusher.put("latest", manifest).status == 201
    assert said(callers.alice, row)["oci_digest"] == digest(manifest)


def test_a_manifest_of_dockers_keeps_its_type(callers: Callers, data: bytes) -> None:
    row = queued(callers.alice.tenant)
    pusher = prepared(callers.alice, row, data)
    manifest = json.dumps({**json.loads(image(data)), "mediaType": DOCKER_MANIFEST}).encode()
    pusher.manifest(manifest, "latest")
    assert said(callers.alice, row)["oci_media_type"] == DOCKER_MANIFEST
    answer = callers.alice("GET", pusher.path("manifests/latest"))
    assert (answer["Content-Type"], answer.body) == (DOCKER_MANIFEST, manifest)


# Layers of others


def test_a_snapshot_of_a_public_image_sends_its_own_layer_only(
    callers: Callers, repository: str, data: bytes
) -> None:
    base = pushed(callers.alice, repository, data)
    tag = callers.alice.tenant.image(f"{repository}:latest")
    callers.adam.tenant.set_visibility(tag, "public")
    row, own = snapshot(callers.bob.tenant, "snap", tag), secrets.token_bytes(1000)
    pusher = Pusher(callers.bob, f"glance/{row}")
    assert callers.bob("HEAD", pusher.path(f"blobs/{base.layer}")).status == 200
    pusher.blob(own)
    name = pusher.manifest(image(data, own), "latest")
    # It is bob's now: what alice does with hers is no matter any more.
    callers.adam.tenant.set_visibility(tag, "private")
    found = Image(f"glance/{row}", name, base.layer, data)
    assert answers(callers.bob, found, READS) == SEEN
    assert found.ask(callers.bob, READS["pull a blob"]).body == data


@pytest.mark.parametrize("source", ["{repository}", "glance/{tag}"])
def test_a_layer_of_a_visible_image_is_mounted(
    callers: Callers, repository: str, data: bytes, source: str
) -> None:
    found = pushed(callers.alice, repository, data)
    tag = callers.alice.tenant.image(f"{repository}:latest")
    callers.adam.tenant.set_visibility(tag, "public")
    source = source.format(repository=repository, tag=tag)
    row = queued(callers.bob.tenant)
    path = f"/v2/glance/{row}/blobs/uploads/?mount={{}}&from={source}"
    answer = callers.bob("POST", path.format(found.layer))
    assert (answer.status, answer["Docker-Content-Digest"]) == (201, found.layer)
    callers.adam.tenant.set_visibility(tag, "private")
    assert callers.bob("GET", f"/v2/glance/{row}/blobs/{found.layer}").body == data
    assert callers.bob("POST", path.format(digest(b"nobody's"))).status == 202


@pytest.mark.parametrize("source", ["{repository}", "glance/{tag}"])
def test_a_layer_of_a_private_image_is_not_mounted(
    callers: Callers, repository: str, data: bytes, source: str
) -> None:
    found = pushed(callers.alice, repository, data)
    tag = callers.alice.tenant.image(f"{repository}:latest")
    row = queued(callers.bob.tenant, base_image_ref=tag)
    source = source.format(repository=repository, tag=tag)
    path = f"/v2/glance/{row}/blobs/uploads/?mount={found.layer}&from={source}"
    assert callers.bob("POST", path).status == 202
    assert callers.bob("HEAD", f"/v2/glance/{row}/blobs/{found.layer}").status == 404
    assert told(Pusher(callers.bob, f"glance/{row}").put("latest", image(data))) == (
        "404 MANIFEST_BLOB_UNKNOWN"
    )


@pytest.mark.parametrize("base", ["", "../v2/images", "?x", "\u00e9", "a" * 250])
def test_a_snapshot_may_name_anything_as_its_base(callers: Callers, base: str) -> None:
    row = queued(callers.alice.tenant, base_image_ref=base)
    assert callers.alice("HEAD", f"/v2/glance/{row}/blobs/{digest(b'no')}").status == 404
