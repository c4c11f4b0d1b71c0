"""What can be pulled from `glance/ID`, and who may."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.access.conftest import As, Callers, eventually
from tests.access.held import rows
from tests.access.questions import READS, Image, answers, pushed, told
from tests.api.client import Answer, Body, Client
from tests.api.content import CONFIG, Pusher, digest, image, index
from tests.conftest import StartRegistry
from tests.glance_images.conftest import plain, queued, snapshot

SEEN = dict.fromkeys(READS, "200")
#: What is answered about an image that nobody has.
UNKNOWN = {
    **dict.fromkeys(READS, "404 MANIFEST_UNKNOWN"),
    "see the tag": "404",
    "see the manifest": "404",
    "see a blob": "404",
    "pull a blob": "404 BLOB_UNKNOWN",
    "list the tags": "404 NAME_UNKNOWN",
}


@pytest.fixture
def data() -> bytes:
    """A layer that nobody has."""
    return secrets.token_bytes(1000)


@pytest.fixture
def tagged(callers: Callers, repository: str, data: bytes) -> Image:
    """An image that alice has pushed under a name."""
    return pushed(callers.alice, repository, data)


def at(row: str, like: Image) -> Image:
    """The same image, by the ID of a row."""
    return Image(f"glance/{row}", like.manifest, like.layer, like.data)


def row_of(callers: Callers, found: Image) -> str:
    return callers.alice.tenant.image(f"{found.repository}:latest")


def referrers(client: Client, found: Image, subject: str) -> list[str]:
    answer = client("GET", f"/v2/{found.repository}/referrers/{subject}")
    assert answer.status == 200
    return [one["digest"] for one in answer.json["manifests"]]


# What


def test_a_tag_is_pulled_by_the_id_of_its_row(callers: Callers, tagged: Image) -> None:
    found = at(row_of(callers, tagged), tagged)
    assert answers(callers.alice, found, READS) == SEEN
    assert answers(callers.rita, found, READS) == SEEN
    for reference in ("latest", "any-other", tagged.manifest):
        path = f"manifests/{reference}"
        by_id, by_name = (
            one.ask(callers.alice, ("GET", path.replace("any-other", name)))
            for one, name in ((found, "any-other"), (tagged, "latest"))
        )
        assert by_id.body == by_name.body
        for header in ("Content-Type", "Docker-Content-Digest", "ETag"):
            assert by_id[header] == by_name[header]
    assert callers.alice("GET", f"/v2/{found.repository}/tags/list").json == {
        "name": found.repository,
        "tags": ["latest"],
    }


def test_a_row_that_lost_its_name_is_pulled_by_its_id(
    callers: Callers, repository: str, tagged: Image
) -> None:
    """A server that was booted from it can be rebuilt."""
    row = row_of(callers, tagged)
    assert pushed(callers.alice, repository, secrets.token_bytes(1000)).manifest != tagged.manifest
    assert callers.alice.tenant.glance().get(row)["name"] is None
    assert answers(callers.alice, at(row, tagged), READS) == SEEN


def test_a_nameless_manifest_is_pulled_by_the_id_of_its_row(
    callers: Callers, repository: str, data: bytes
) -> None:
    found = Image(
        repository, Pusher(callers.alice, repository).image(None, data), digest(data), data
    )
    (row,) = rows(callers.alice.tenant, oci_kind="manifest", oci_digest=found.manifest)
    assert answers(callers.alice, at(row["id"], found), READS) == SEEN


def test_what_an_index_lists_is_pulled_by_the_id_of_its_row(
    callers: Callers, repository: str, data: bytes
) -> None:
    pusher = Pusher(callers.alice, repository)
    children = [image(data, n="1"), image(n="2")]
    for one in (CONFIG, data):
        pusher.blob(one)
    for child in children:
        pusher.manifest(child)
    listed = index(*children)
    pusher.manifest(listed, "latest")
    other = pusher.manifest(image(n="3"))
    row = callers.alice.tenant.image(f"{repository}:latest")
    callers.adam.tenant.set_visibility(row, "public")
    for caller in (callers.alice, callers.bob):
        for manifest in (listed, *children):
            answer = caller("GET", f"/v2/glance/{row}/manifests/{digest(manifest)}")
            assert answer.body == manifest
        assert caller("GET", f"/v2/glance/{row}/manifests/latest").body == listed
        assert caller("GET", f"/v2/glance/{row}/blobs/{digest(data)}").body == data
        # What is in the same repository, and not in the image, is not here.
        answer = caller("GET", f"/v2/glance/{row}/manifests/{other}")
        assert told(answer) == "404 MANIFEST_UNKNOWN"


def foreign(callers: Callers, tagged: Image, repository: str) -> Iterator[tuple[str, str]]:
    """Rows of all kinds that no image can be made of."""
    alice = callers.alice.tenant
    (blob,) = rows(alice, oci_kind="blob", oci_digest=tagged.layer)
    yield "blob", blob["id"]
    yield "vm", plain(alice, b"a disk")
    yield "queued", queued(alice)
    yield "snapshot to be filled", snapshot(alice, "snap", row_of(callers, tagged))
    # Somebody has copied all properties of a tag.
    said = alice.glance().get(row_of(callers, tagged))
    copied = {name: text for name, text in said.items() if name.startswith("oci_")}
    yield "copy", plain(alice, b"a text", **copied, container_format="docker")


def test_what_no_image_can_be_made_of_is_unknown(
    callers: Callers, tagged: Image, repository: str
) -> None:
    for kind, row in foreign(callers, tagged, repository):
        found = at(row, tagged)
        told_of = answers(callers.alice, found, READS)
        # The project's own blobs are in all its repositories.
        assert told_of == {**UNKNOWN, "see a blob": "200", "pull a blob": "200"}, kind
        assert referrers(callers.alice, found, tagged.manifest) == []
    answer = at(row, tagged).ask(callers.alice, READS["pull the tag"])
    assert "text" in answer.json["errors"][0]["message"]


def test_a_deactivated_image_is_unknown(callers: Callers, tagged: Image) -> None:
    row = row_of(callers, tagged)
    callers.adam.tenant.glance()._json("POST", f"/v2/images/{row}/actions/deactivate")
    found = at(row, tagged)
    assert told(found.ask(callers.alice, READS["pull the tag"])) == "404 MANIFEST_UNKNOWN"


def test_the_catalog_lists_no_images_by_id(callers: Callers, tagged: Image, data: bytes) -> None:
    row = queued(callers.alice.tenant, "glance/x:latest")
    pushed(callers.alice, f"glance/{row}", data)
    callers.alice.tenant.glance().update(row_of(callers, tagged), {"name": f"glance/{row}:latest"})

    def listed() -> list[str]:
        found = callers.alice("GET", "/v2/_catalog?n=10000").json["repositories"]
        return [name for name in found if name in ("glance/x", f"glance/{row}", tagged.repository)]

    eventually(listed, [])


def test_an_image_lists_its_own_referrers_only(callers: Callers, tagged: Image) -> None:
    found = at(row_of(callers, tagged), tagged)
    subject = {"mediaType": "application/json", "digest": tagged.manifest, "size": 1}
    Pusher(callers.alice, tagged.repository).manifest(image(subject=subject))
    assert referrers(callers.alice, found, tagged.manifest) == []
    row = queued(callers.alice.tenant)
    pusher = Pusher(callers.alice, f"glance/{row}")
    signature = pusher.put("latest", image(subject=subject))
    assert (signature.status, signature["OCI-Subject"]) == (201, tagged.manifest)
    found = at(row, tagged)
    assert referrers(callers.alice, found, tagged.manifest) == [signature["Docker-Content-Digest"]]
    assert referrers(callers.alice, found, digest(b"other")) == []
    assert referrers(callers.bob, found, tagged.manifest) == []


# Who


def test_a_stranger_is_told_what_he_is_told_of_no_image(callers: Callers, tagged: Image) -> None:
    """To the letter, but for the ID."""

    def all_told(client: Client, row: str) -> list[tuple[int, object, bytes]]:
        found = at(row, tagged)
        unlike = ("date", "x-request-id", "content-length")
        told_of = [found.ask(client, question) for question in READS.values()]
        told_of.append(client("GET", f"/v2/glance/{row}/referrers/{tagged.manifest}"))
        told_of.append(client("DELETE", f"/v2/glance/{row}/manifests/latest"))
        told_of.append(client("DELETE", f"/v2/glance/{row}/blobs/{tagged.layer}"))
        return [
            (
                one.status,
                {name: text for name, text in one.headers.items() if name not in unlike},
                one.body.replace(row.encode(), b"ID"),
            )
            for one in told_of
        ]

    filled = queued(callers.alice.tenant)
    pushed(callers.alice, f"glance/{filled}", tagged.data)
    for client in (callers.bob, callers.carol, callers.carol_in_beta):
        nothing = all_told(client, str(uuid4()))
        assert answers(client, at(str(uuid4()), tagged), READS) == UNKNOWN
        for row in (filled, row_of(callers, tagged), plain(callers.alice.tenant, b"a disk")):
            assert all_told(client, row) == nothing


def offer(callers: Callers, row: str, how: str) -> None:
    """Show a row of alice's to bob."""
    if how in ("public", "community"):
        callers.adam.tenant.set_visibility(row, how)
        return
    callers.adam.tenant.set_visibility(row, "shared")
    callers.alice.tenant.share(row, callers.bob.tenant)
    if how == "accepted":
        callers.bob.tenant.accept(row)


@pytest.mark.parametrize("how", ["public", "community", "accepted", "pending"])
@pytest.mark.parametrize("kind", ["tag", "image"])
def test_whom_glance_shows_the_row_may_pull_until_it_does_not(
    callers: Callers, tagged: Image, how: str, kind: str
) -> None:
    row = row_of(callers, tagged)
    if kind == "image":
        row = queued(callers.alice.tenant)
        pushed(callers.alice, f"glance/{row}", tagged.data)
    found = at(row, tagged)
    assert answers(callers.bob, found, READS) == UNKNOWN
    offer(callers, row, how)
    assert answers(callers.bob, found, READS) == SEEN
    assert found.ask(callers.bob, READS["pull a blob"]).body == tagged.data
    assert answers(callers.carol_in_beta, found, READS) == SEEN
    everybody = how in ("public", "community")
    assert answers(callers.carol, found, READS) == (SEEN if everybody else UNKNOWN)
    callers.adam.tenant.set_visibility(row, "private")
    eventually(lambda: answers(callers.bob, found, READS), UNKNOWN)
    assert answers(callers.alice, found, READS) == SEEN


def test_what_an_admin_sees_in_glance_his_colleagues_do_not(
    callers: Callers, data: bytes, start_registry: StartRegistry
) -> None:
    """Adam, who sees all of Glance, and alice are of the same project."""
    row = queued(callers.bob.tenant)
    found = pushed(callers.bob, f"glance/{row}", data)
    # One worker that remembers what it was told.
    started = start_registry(auth="keystone", cache={"staleness": 60}, workers=1)
    adam, alice = (As(started.address, one.tenant) for one in (callers.adam, callers.alice))
    assert answers(adam, found, READS) == SEEN
    assert answers(alice, found, READS) == UNKNOWN
    assert answers(adam, found, READS) == SEEN


def test_a_visible_image_lends_nothing_but_what_it_refers_to(
    callers: Callers, tagged: Image, data: bytes
) -> None:
    callers.adam.tenant.set_visibility(row_of(callers, tagged), "public")
    private = pushed(callers.alice, f"app-{uuid4().hex}", secrets.token_bytes(1000))
    found = Image(f"glance/{row_of(callers, tagged)}", private.manifest, private.layer, b"")
    assert answers(callers.bob, found, READS) == {
        **UNKNOWN,
        "see the tag": "200",
        "pull the tag": "200",
        "list the tags": "200",
    }


def test_nobody_reads_by_a_forged_row(callers: Callers, tagged: Image) -> None:
    """Bob makes a row that says what alice's says, or is hers."""
    said = callers.alice.tenant.glance().get(row_of(callers, tagged))
    copied = {name: text for name, text in said.items() if name.startswith("oci_")}
    body = tagged.ask(callers.alice, READS["pull the tag"]).body
    row = plain(callers.bob.tenant, body, **copied, container_format="docker")
    assert answers(callers.bob, at(row, tagged), READS) == UNKNOWN


class Anybody(Client):
    """A client that has asked for a token without a name."""

    def __call__(self, method: str, path: str, body: Body = None, **headers: str) -> Answer:
        """Send, as nobody in particular."""
        return super().__call__(method, path, body, Authorization="Bearer anonymous", **headers)


def test_who_has_not_logged_in_pulls_what_is_public(
    callers: Callers, tagged: Image, start_registry: StartRegistry
) -> None:
    started = start_registry(auth="keystone", access={"anonymous": True}, cache={"staleness": 0})
    anybody, found = Anybody(started.address), at(row_of(callers, tagged), tagged)
    assert answers(anybody, found, READS) == UNKNOWN
    for how in ("community", "public"):
        callers.adam.tenant.set_visibility(row_of(callers, tagged), how)
        assert answers(anybody, found, READS) == (SEEN if how == "public" else UNKNOWN)


# Deletion


def deleted(client: As, row: str, reference: str) -> Answer:
    return client("DELETE", f"/v2/glance/{row}/manifests/{reference}")


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_an_image_is_deleted_with_its_row(callers: Callers, data: bytes, by: str) -> None:
    row = queued(callers.alice.tenant)
    found = pushed(callers.alice, f"glance/{row}", data)
    assert deleted(callers.alice, row, {"tag": "x", "digest": found.manifest}[by]).status == 202
    assert not list(callers.alice.tenant.glance()._list(id=f"in:{row}"))
    assert answers(callers.alice, found, READS) == {
        **UNKNOWN,
        "see a blob": "200",
        "pull a blob": "200",
    }
    assert told(deleted(callers.alice, row, "latest")) == "404 MANIFEST_UNKNOWN"


def test_a_tag_is_deleted_with_its_row(callers: Callers, tagged: Image) -> None:
    row = row_of(callers, tagged)
    assert answers(callers.alice, tagged, READS) == SEEN
    assert deleted(callers.alice, row, "latest").status == 202
    assert told(tagged.ask(callers.alice, READS["pull the tag"])) == "404 MANIFEST_UNKNOWN"
    assert told(tagged.ask(callers.alice, READS["list the tags"])) == "404 NAME_UNKNOWN"
    # As when a tag is deleted by its name.
    assert tagged.ask(callers.alice, READS["pull the manifest"]).status == 200


def test_a_protected_image_stays(callers: Callers, data: bytes) -> None:
    row = queued(callers.alice.tenant)
    found = pushed(callers.alice, f"glance/{row}", data)
    callers.alice.tenant.protect(row)
    answer = deleted(callers.alice, row, "latest")
    assert told(answer) == "403 DENIED"
    assert "protected" in answer.json["errors"][0]["message"]
    assert answers(callers.alice, found, READS) == SEEN


def test_parts_are_not_deleted_as_images(callers: Callers, tagged: Image) -> None:
    (row,) = rows(callers.alice.tenant, oci_kind="manifest", oci_digest=tagged.manifest)
    assert told(deleted(callers.alice, row["id"], "latest")) == "403 DENIED"
    child, pusher = image(n="child"), Pusher(callers.alice, tagged.repository)
    pusher.manifest(child)
    pusher.manifest(index(child), "index")
    indexed = callers.alice.tenant.image(f"{tagged.repository}:index")
    assert told(deleted(callers.alice, indexed, digest(child))) == "403 DENIED"
    assert told(deleted(callers.alice, indexed, tagged.manifest)) == "404 MANIFEST_UNKNOWN"
    assert answers(callers.alice, tagged, READS) == SEEN


def test_nobody_deletes_what_he_only_sees(callers: Callers, data: bytes) -> None:
    row = queued(callers.alice.tenant)
    found = pushed(callers.alice, f"glance/{row}", data)
    callers.adam.tenant.set_visibility(row, "public")
    assert told(deleted(callers.bob, row, "latest")) == "403 DENIED"
    blob = callers.bob("DELETE", f"/v2/glance/{row}/blobs/{found.layer}")
    assert told(blob) == "403 DENIED"
    assert told(deleted(callers.rita, row, "latest")) == "403 DENIED"
    assert answers(callers.bob, found, READS) == SEEN


@pytest.mark.parametrize("hidden", [False, True])
def test_a_blob_stays_while_an_image_needs_it(
    callers: Callers, data: bytes, *, hidden: bool
) -> None:
    row = queued(callers.alice.tenant)
    found = pushed(callers.alice, f"glance/{row}", data)
    callers.alice.tenant.glance().update(row, {"os_hidden": hidden})
    path = f"/v2/glance/{row}/blobs/{found.layer}"
    assert told(callers.alice("DELETE", path)) == "405 DENIED"
    assert found.ask(callers.alice, READS["pull a blob"]).body == data
    callers.alice.tenant.glance().delete(row)
    assert callers.alice("DELETE", path).status == 202
    eventually(lambda: callers.alice("HEAD", path).status, 404)
