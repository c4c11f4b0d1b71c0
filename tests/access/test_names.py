"""Which image a name means, where several projects offer one; and what a push keeps of it."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from registry_glance.embedded.cloud import Cloud
from registry_glance.glance.client import Member
from tests.access.conftest import As, Callers, eventually
from tests.access.held import ids, rows
from tests.access.questions import DELETIONS, READS, Image, answers, pushed, told
from tests.api.client import Client
from tests.api.content import Pusher, digest, image, index
from tests.conftest import StartRegistry

SEEN = dict.fromkeys(READS, "200")


@pytest.fixture
def data() -> bytes:
    """A layer that nobody has."""
    return secrets.token_bytes(1000)


def offer(
    callers: Callers, owner: As, repository: str, visibility: str, tag: str = "latest"
) -> str:
    """Give a tag a visibility; that it may be public takes an admin."""
    row = owner.tenant.image(f"{repository}:{tag}")
    callers.adam.tenant.set_visibility(row, visibility)
    return row


def share(owner: As, repository: str, *others: As) -> str:
    """Share a tag with projects, which accept."""
    row = owner.tenant.image(f"{repository}:latest")
    for other in others:
        owner.tenant.share(row, other.tenant)
        other.tenant.accept(row)
    return row


def meant(client: Client, repository: str) -> str:
    """The digest of what a client is given as the tag `latest`."""
    answer = client("GET", f"/v2/{repository}/manifests/latest")
    return answer["Docker-Content-Digest"] if answer.status == 200 else told(answer)


def shown(client: Client, found: Image) -> set[str]:
    """How an image is answered, whatever the tag means: manifest and blob."""
    asked = ("see the manifest", "pull the manifest", "see a blob", "pull a blob")
    return {str(found.ask(client, READS[name]).status) for name in asked}


# Of several


def test_ones_own_comes_before_shared_before_public_before_community(
    callers: Callers, repository: str, data: bytes
) -> None:
    of_alice = pushed(callers.alice, repository, data)
    of_carol = pushed(callers.carol, repository, secrets.token_bytes(1000))

    def means(wanted: Image) -> None:
        eventually(lambda: meant(callers.bob, repository), wanted.manifest)
        assert wanted.ask(callers.bob, READS["pull a blob"]).body == wanted.data

    offer(callers, callers.carol, repository, "community")
    means(of_carol)
    offer(callers, callers.alice, repository, "public")
    means(of_alice)
    offer(callers, callers.alice, repository, "community")
    offer(callers, callers.carol, repository, "public")
    means(of_carol)
    offer(callers, callers.alice, repository, "shared")
    share(callers.alice, repository, callers.bob)
    means(of_alice)
    of_bob = pushed(callers.bob, repository, secrets.token_bytes(1000))
    means(of_bob)
    assert callers.bob("DELETE", f"/v2/{repository}/manifests/latest").status == 202
    means(of_alice)
    # Each of alpha and gamma means its own all the time.
    assert meant(callers.alice, repository) == of_alice.manifest
    assert meant(callers.carol, repository) == of_carol.manifest


@pytest.mark.parametrize("visibility", ["public", "community"])
def test_between_strangers_the_order_is_always_the_same(
    callers: Callers, repository: str, visibility: str, start_registry: StartRegistry
) -> None:
    owners = (callers.alice, callers.carol)
    found = {
        owner.tenant.project_id: pushed(owner, repository, secrets.token_bytes(1000))
        for owner in owners
    }
    for owner in owners:
        offer(callers, owner, repository, visibility)
    first = found[min(found)]
    other = start_registry(auth="keystone", cache={"staleness": 0})
    for client in (callers.bob, callers.carol_in_beta, As(other.address, callers.bob.tenant)):
        eventually(lambda: meant(client, repository), first.manifest)  # noqa: B023
        assert {meant(client, repository) for _ in range(5)} == {first.manifest}
    # What is not meant by the name can be pulled by its digest all the same.
    for one in found.values():
        eventually(lambda: shown(callers.bob, one), {"200"})  # noqa: B023


def test_an_offer_whose_blob_is_gone_hides_no_other(
    callers: Callers, repository: str, data: bytes, start_registry: StartRegistry
) -> None:
    """Both offer the same image; the one that is looked at first has lost its layer."""
    owners = sorted((callers.alice, callers.carol), key=lambda one: one.tenant.project_id)
    for owner in owners:
        found = pushed(owner, repository, data)
        offer(callers, owner, repository, "community")
    (entry,) = ids(owners[0].tenant, oci_kind="blob", oci_digest=found.layer)
    owners[0].tenant.glance().delete(entry)
    client = As(start_registry(auth="keystone").address, callers.bob.tenant)
    assert shown(client, found) == {"200"}
    assert found.ask(client, READS["pull a blob"]).body == data


def test_an_offer_that_is_broken_hides_no_other(
    cloud: Cloud, callers: Callers, repository: str, start_registry: StartRegistry
) -> None:
    """The bytes of a manifest were changed below Glance; its name is the repository's, too."""
    broken = pushed(callers.alice, repository, secrets.token_bytes(1000))
    row = offer(callers, callers.alice, repository, "public")
    found = pushed(callers.carol, repository, secrets.token_bytes(1000))
    offer(callers, callers.carol, repository, "community")
    for held in (row, *ids(callers.alice.tenant, oci_kind="manifest", oci_digest=broken.manifest)):
        overwrite(cloud.state / "glance" / "images" / held)
    cold = start_registry(auth="keystone", cache={"staleness": 0})
    client = As(cold.address, callers.bob.tenant)
    assert told(broken.ask(client, READS["pull the tag"])) == "500 CORRUPT"
    assert shown(client, found) == {"200"}
    assert found.ask(client, READS["pull a blob"]).body == found.data


def overwrite(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def test_a_name_that_its_owner_has_changed_is_his_alone(
    callers: Callers, repository: str, data: bytes
) -> None:
    """Nobody else has accepted it, so it is offered by none."""
    pushed(callers.alice, repository, data)
    pushed(callers.alice, f"{repository}/other", data)
    offer(callers, callers.alice, f"{repository}/other", "public")
    row = offer(callers, callers.alice, repository, "public")
    callers.alice.tenant.glance().update(row, {"name": f"{repository}/new"})

    def listed(client: As) -> list[str]:
        found = client("GET", "/v2/_catalog?n=10000").json["repositories"]
        return [name for name in found if name.startswith(repository)]

    eventually(lambda: listed(callers.bob), [f"{repository}/other"])
    eventually(lambda: listed(callers.alice), [f"{repository}/new", f"{repository}/other"])
    assert told(callers.bob("GET", f"/v2/{repository}/new/manifests/latest")).startswith("404")
    assert callers.alice("GET", f"/v2/{repository}/new/manifests/latest").status == 200


# Admins


def test_an_admin_means_by_a_name_what_his_project_means(
    callers: Callers, repository: str, data: bytes
) -> None:
    """Glance shows him the tags of all projects; the registry does not."""
    found = pushed(callers.bob, repository, data)
    row = callers.bob.tenant.image(f"{repository}:latest")
    assert row in [one["id"] for one in callers.adam.tenant.glance().named(f"{repository}:latest")]
    unseen = {"404", "404 MANIFEST_UNKNOWN", "404 BLOB_UNKNOWN", "404 NAME_UNKNOWN"}
    carol, alice = callers.carol, callers.alice

    def check() -> None:
        for client in (callers.adam, alice):
            assert set(answers(client, found, READS).values()) == unseen
            assert set(answers(client, found, DELETIONS).values()) < unseen
            assert repository not in client("GET", "/v2/_catalog?n=10000").json["repositories"]

    check()
    share(callers.bob, repository, carol)
    eventually(lambda: answers(carol, found, READS), SEEN)
    check()
    callers.bob.tenant.share(row, alice.tenant)
    check()
    alice.tenant.accept(row)
    eventually(lambda: answers(alice, found, READS), SEEN)
    # His lists have only what is offered to all: Glance would have to be asked of every tag.
    unlisted = SEEN | {"list the tags": "404 NAME_UNKNOWN"}
    eventually(lambda: answers(callers.adam, found, READS), unlisted)
    alice.tenant.accept(row, "rejected")
    for client in (alice, callers.adam):
        eventually(lambda: meant(client, repository), "404 MANIFEST_UNKNOWN")  # noqa: B023


def test_an_admins_own_comes_first(callers: Callers, repository: str, data: bytes) -> None:
    of_bob = pushed(callers.bob, repository, data)
    offer(callers, callers.bob, repository, "public")
    eventually(lambda: meant(callers.adam, repository), of_bob.manifest)
    of_adam = pushed(callers.adam, repository, secrets.token_bytes(1000))
    for client in (callers.adam, callers.alice, callers.rita):
        eventually(lambda: meant(client, repository), of_adam.manifest)  # noqa: B023
    # Bob's is not changed by the admin's push of the same name, which Glance would have allowed.
    assert meant(callers.bob, repository) == of_bob.manifest
    assert callers.adam("DELETE", f"/v2/{repository}/manifests/latest").status == 202
    assert told(of_bob.ask(callers.adam, DELETIONS["delete the tag"])) == "403 DENIED"
    assert answers(callers.bob, of_bob, READS) == SEEN


# What the next push keeps


def test_a_push_keeps_whom_a_tag_is_shared_with(
    callers: Callers, repository: str, data: bytes
) -> None:
    pushed(callers.alice, repository, data)
    row = share(callers.alice, repository, callers.bob)
    callers.alice.tenant.share(row, callers.carol.tenant)
    callers.alice.tenant.share(row, callers.adam.tenant)
    callers.adam.tenant.accept(row, "rejected")
    pushed(callers.alice, repository, secrets.token_bytes(1000))
    after = callers.alice.tenant.image(f"{repository}:latest")
    assert after != row
    assert set(callers.alice.tenant.glance().members(after)) == {
        Member(callers.bob.tenant.project_id, "accepted"),
        Member(callers.carol.tenant.project_id, "pending"),
        Member(callers.adam.tenant.project_id, "rejected"),
    }


@pytest.mark.parametrize("visibility", ["private", "shared", "community", "public"])
def test_a_push_keeps_who_may_see_a_tag(
    callers: Callers, repository: str, visibility: str, data: bytes
) -> None:
    pushed(callers.alice, repository, data)
    offer(callers, callers.alice, repository, visibility)
    pusher = callers.adam if visibility == "public" else callers.alice
    after = pushed(pusher, repository, secrets.token_bytes(1000))
    row = callers.alice.tenant.glance().get(callers.alice.tenant.image(f"{repository}:latest"))
    assert (row["visibility"], row["oci_digest"]) == (visibility, after.manifest)


def test_a_protected_tag_stays(callers: Callers, repository: str, data: bytes) -> None:
    found = pushed(callers.alice, repository, data)
    tenant = callers.alice.tenant
    row = tenant.image(f"{repository}:latest")
    tenant.protect(row)
    before = ids(tenant, oci_repository=repository)
    pusher = Pusher(callers.alice, repository)
    for reference in ("latest", f"{digest(image(data, other=1))}?tag=latest"):
        answer = pusher.put(reference, image(data, other=1))
        assert told(answer) == "403 DENIED"
        assert answer.json["errors"][0]["message"] == "the tag is protected in Glance"
    # Neither by its name nor with its manifest, and an admin no more than others.
    for client in (callers.alice, callers.adam):
        for name in ("delete the tag", "delete the manifest"):
            assert told(found.ask(client, DELETIONS[name])) == "403 DENIED"
            assert answers(client, found, READS) == SEEN
    assert ids(tenant, oci_repository=repository) == before
    # To push what it is changes nothing, so it is no change.
    assert pusher.put("latest", image(data)).status == 201
    assert tenant.image(f"{repository}:latest") == row
    tenant.protect(row, protected=False)
    assert set(answers(callers.alice, found, DELETIONS).values()) == {"202"}


def test_a_member_does_not_push_over_a_public_tag(
    callers: Callers, repository: str, data: bytes
) -> None:
    found = pushed(callers.alice, repository, data)
    row = offer(callers, callers.alice, repository, "public")
    before = ids(callers.alice.tenant, oci_repository=repository)
    refused = image(data, other=1)
    answer = Pusher(callers.alice, repository).put("latest", refused)
    assert told(answer) == "403 DENIED"
    message = "the tag is public in Glance, and you may not publish"
    assert answer.json["errors"][0]["message"] == message
    assert ids(callers.alice.tenant, oci_repository=repository) == before
    assert ids(callers.alice.tenant, oci_digest=digest(refused)) == set()
    unknown = callers.alice("GET", f"/v2/{repository}/manifests/{digest(refused)}")
    assert told(unknown) == "404 MANIFEST_UNKNOWN"
    assert callers.alice.tenant.image(f"{repository}:latest") == row
    eventually(lambda: answers(callers.bob, found, READS), SEEN)


# What a push takes over


def taken_back(callers: Callers, repository: str, found: Image) -> None:
    """Wait until a stranger sees nothing of it any more."""
    offer(callers, callers.alice, repository, "private")
    eventually(lambda: shown(callers.carol, found), {"404"})


def test_an_image_upon_a_visible_one_gets_copies_of_its_layers(
    callers: Callers, repository: str, data: bytes
) -> None:
    """Clients that were told that a layer is there do not send it."""
    base = pushed(callers.alice, repository, data)
    offer(callers, callers.alice, repository, "public")
    eventually(lambda: shown(callers.bob, base), {"200"})
    own = secrets.token_bytes(1000)
    pusher = Pusher(callers.bob, repository)
    pusher.blob(own)
    assert ids(callers.bob.tenant, oci_digest=base.layer) == set()
    manifest = pusher.manifest(image(data, own), "mine")
    held = {row["oci_kind"] for row in rows(callers.bob.tenant, oci_digest=base.layer)}
    assert held == {"blob", "upload"}
    taken_back(callers, repository, base)
    for layer in (data, own):
        assert callers.bob("GET", pusher.path(f"blobs/{digest(layer)}")).body == layer
    assert meant_by(callers.bob, repository, "mine") == manifest
    assert base.ask(callers.bob, READS["pull the manifest"]).status == 404


def test_an_index_of_visible_images_gets_copies_of_them(
    callers: Callers, repository: str, data: bytes
) -> None:
    layers = [data, secrets.token_bytes(1000)]
    images = [image(layer) for layer in layers]
    pusher = Pusher(callers.alice, repository)
    for layer, one in zip(layers, images, strict=True):
        pusher.image(None, layer)
        assert callers.alice("HEAD", pusher.path(f"manifests/{digest(one)}")).status == 200
    pusher.manifest(index(*images), "latest")
    offer(callers, callers.alice, repository, "public")
    base = Image(repository, digest(images[0]), digest(data), data)
    eventually(lambda: shown(callers.bob, base), {"200"})
    own = Pusher(callers.bob, repository).manifest(index(*images, annotations={"a": "b"}), "mine")
    taken_back(callers, repository, base)
    assert meant_by(callers.bob, repository, "mine") == own
    for layer, one in zip(layers, images, strict=True):
        assert callers.bob("GET", pusher.path(f"manifests/{digest(one)}")).body == one
        assert callers.bob("GET", pusher.path(f"blobs/{digest(layer)}")).body == layer


def meant_by(client: Client, repository: str, tag: str) -> str:
    """The digest of what a tag means."""
    return client("HEAD", f"/v2/{repository}/manifests/{tag}")["Docker-Content-Digest"]
