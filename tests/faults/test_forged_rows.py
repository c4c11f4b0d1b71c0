"""Rows that others made by Glance's own API, or that Nova copied, mean nothing."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import uuid4

import pytest

from registry_glance.embedded.cloud import CLOUD_NAME, Cloud
from registry_glance.embedded.credentials import Credentials
from registry_glance.embedded.identity import Identity
from registry_glance.glance import cloud as clouds
from registry_glance.glance.client import Glance
from registry_glance.store.glance.writer import Small
from tests.api.content import Pusher, digest, image
from tests.faults.behind import Behind

FORGED = image(forged=True)


@pytest.fixture(scope="module")
def own(cloud: Cloud) -> Glance:
    """Glance, as the registry's own project sees it."""
    return Glance(clouds.from_clouds_yaml(CLOUD_NAME, str(cloud.clouds_yaml)))


@pytest.fixture(scope="module")
def admin(cloud: Cloud) -> Glance:
    """Glance, as the cloud's admin sees it."""
    return Glance(clouds.from_clouds_yaml(f"{CLOUD_NAME}-admin", str(cloud.clouds_yaml)))


@pytest.fixture(scope="module")
def stranger(cloud: Cloud) -> Glance:
    """Glance, as a member of another project sees it."""
    name = f"stranger-{uuid4().hex[:8]}"
    user = Credentials(cloud.auth_url, name, secrets.token_hex(8), name, cloud.registry.region)
    Identity(cloud.admin).user(user, "member")
    return Glance(clouds.Cloud(auth=user.as_auth(), region=user.region))


def forge(glance: Glance, name: str, **changes: Any) -> str:
    """A row that claims to be the tag, with the highest of serials."""
    row_id = str(uuid4())
    row = {
        "id": row_id,
        "name": name,
        "container_format": "docker",
        "disk_format": "raw",
        "oci_kind": "tag",
        "oci_repository": name.partition(":")[0],
        "oci_digest": digest(FORGED),
        "oci_media_type": "application/vnd.oci.image.manifest.v1+json",
        "oci_size": "1",
        "oci_serial": "999999",
        "oci_image": row_id,
        **changes,
    }
    glance.create({key: value for key, value in row.items() if value is not None})
    glance.write(row_id, Small(FORGED))
    return row_id


def check(place: Behind, pusher: Pusher, pushed: str) -> None:
    """What was pushed is what is seen, and nothing else."""
    client = place.client
    check_tag(place, pusher, pushed)
    assert client("GET", pusher.path("manifests/other")).status == 404
    assert client("GET", pusher.path(f"manifests/{digest(FORGED)}")).status == 404
    assert client("GET", pusher.path("tags/list")).json["tags"] == ["latest"]


def check_tag(place: Behind, pusher: Pusher, pushed: str) -> None:
    """What was pushed is what the tag means."""
    tag = place.client("GET", pusher.path("manifests/latest"))
    assert (tag.status, tag["Docker-Content-Digest"]) == (200, pushed)


def names(pusher: Pusher) -> list[str]:
    """What a forger would like to own: a tag that there is, and one that there is not."""
    return [f"{pusher.repository}:{tag}" for tag in ("latest", "other")]


def push_again(pusher: Pusher) -> str:
    """A further push has to win, too."""
    return pusher.image("latest", unique=uuid4().hex)


@pytest.mark.parametrize("visibility", ["community", "shared", "accepted"])
def test_a_strangers_rows_mean_nothing(
    place: Behind, pusher: Pusher, stranger: Glance, own: Glance, visibility: str
) -> None:
    pushed = push_again(pusher)
    for name in names(pusher):
        row_id = forge(stranger, name, visibility=visibility.replace("accepted", "shared"))
        if visibility != "community":
            stranger.add_member(row_id, own.project())
        if visibility == "accepted":
            path = f"/v2/images/{row_id}/members/{own.project()}"
            own._json("PUT", path, json={"status": "accepted"})
            assert row_id in [row["id"] for row in own.named(name)]
    check(place, pusher, pushed)
    check(place, pusher, push_again(pusher))


def test_a_public_row_means_nothing(place: Behind, pusher: Pusher, admin: Glance) -> None:
    pushed = push_again(pusher)
    rows = [forge(admin, name, visibility="public") for name in names(pusher)]
    check(place, pusher, pushed)
    check(place, pusher, push_again(pusher))
    for row_id in rows:
        admin.delete(row_id)


@pytest.mark.parametrize(
    "changes",
    [
        {"oci_image": "4ea6a44b-7b1c-4a55-9d4c-0a1f0e6f1c11"},
        {"oci_image": None},
        {"oci_kind": "manifest"},
        {"oci_kind": None, "oci_digest": None, "oci_serial": None, "oci_image": None},
        {"oci_serial": "x"},
        {"oci_serial": "-1"},
        {"oci_digest": "sha256:abc"},
    ],
    ids=lambda changes: "-".join(f"{key}={value}"[:20] for key, value in changes.items()),
)
def test_a_copy_in_the_own_project_is_no_tag(
    place: Behind, pusher: Pusher, own: Glance, changes: dict[str, Any]
) -> None:
    """By a name that is free, it is an image of the bytes that are in it."""
    pushed = push_again(pusher)
    for name in names(pusher):
        forge(own, name, **changes)
    for again in (False, True):
        check_tag(place, pusher, push_again(pusher) if again else pushed)
        other = place.client("GET", pusher.path("manifests/other"))
        assert (other.status, other.body) == (200, FORGED)
        tags = place.client("GET", pusher.path("tags/list")).json["tags"]
        assert tags == ["latest", "other"]


def test_a_row_without_data_means_nothing(place: Behind, pusher: Pusher, own: Glance) -> None:
    pushed = push_again(pusher)
    for name in names(pusher):
        row_id = str(uuid4())
        fields = {"container_format": "docker", "disk_format": "raw", "oci_kind": "tag"}
        claims = {"oci_digest": digest(FORGED), "oci_serial": "9999", "oci_image": row_id}
        own.create({"id": row_id, "name": name, **fields, **claims})
    check(place, pusher, pushed)
    check(place, pusher, push_again(pusher))


def test_snapshots_of_an_image_leave_its_tag_alone(
    place: Behind, pusher: Pusher, own: Glance
) -> None:
    """Nova copies all properties of the image that a server was booted from."""
    pushed = push_again(pusher)
    name = names(pusher)[0]
    (tag,) = own.named(name)
    copied = {key: value for key, value in tag.items() if key.startswith("oci_")}
    for snapshot_name in (name, "a snapshot"):
        forge(own, snapshot_name, **copied)
    check(place, pusher, pushed)
    assert own.get(tag["id"])["name"] == name
