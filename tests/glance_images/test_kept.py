"""Rows that the registry has made for itself: a push to their ID is refused."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from uuid import uuid4

import pytest

from registry_glance.embedded.cloud import CLOUD_NAME, Cloud
from registry_glance.glance.client import Glance, Row
from registry_glance.glance.cloud import from_clouds_yaml
from registry_glance.store.glance import rows
from registry_glance.store.glance.ids import Ids
from registry_glance.store.glance.key import key_rows, shared_key
from tests.access.questions import READS, Image, answers, pushed, told
from tests.api.client import Client
from tests.api.content import Pusher, image
from tests.conftest import StartRegistry
from tests.registry import Registry

SEEN = dict.fromkeys(READS, "200")


@dataclass(frozen=True)
class Kept:
    """An open registry's image with a referrer, and Glance as the registry sees it."""

    glance: Glance
    ids: Ids
    client: Client
    found: Image
    referrer: str

    def row(self, kind: str) -> Row:
        """One of the registry's rows."""
        subject, repository = self.found.manifest, self.found.repository
        entry = self.ids.row("blob", self.found.layer, "0")
        row_id = {
            "key": lambda: key_rows(self.ids.project)[0],
            "blob": lambda: entry,
            "upload": lambda: self.glance.get(entry)["oci_row"],
            "manifest": lambda: self.ids.row("manifest", repository, subject, "0"),
            "referrer": lambda: self.ids.row("referrer", repository, subject, "0"),
            "tag": lambda: next(self.glance.named(f"{repository}:latest"))["id"],
            "end": lambda: self._made(rows.new_end(str(uuid4()), str(uuid4()), "cancelled")),
            "signpost": lambda: self._made(rows.new(str(uuid4()), "signpost")),
            "unfinished upload": lambda: self._made(rows.new(str(uuid4()), "upload", offset="0")),
        }[kind]()
        return self.glance.get(row_id)

    def _made(self, row: dict[str, object]) -> str:
        return str(self.glance.create(self.ids.sealed(row))["id"])


@pytest.fixture(scope="module")
def kept(cloud: Cloud, shared_registry: Registry) -> Kept:
    glance = Glance(from_clouds_yaml(CLOUD_NAME, str(cloud.clouds_yaml)))
    project = glance.project()
    client = Client(shared_registry.address)
    found = pushed(client, f"app-{uuid4().hex[:12]}", secrets.token_bytes(1000))
    manifest = client("GET", f"/v2/{found.repository}/manifests/{found.manifest}").body
    subject = {
        "mediaType": json.loads(manifest)["mediaType"],
        "digest": found.manifest,
        "size": len(manifest),
    }
    referrer = Pusher(client, found.repository).image(None, subject=subject)
    return Kept(glance, Ids(shared_key(glance, project), project), client, found, referrer)


KINDS = [
    "key",
    "blob",
    "upload",
    "manifest",
    "referrer",
    "tag",
    "end",
    "signpost",
    "unfinished upload",
]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_the_registrys_own_take_no_push(kept: Kept, kind: str) -> None:
    row = kept.row(kind)
    assert row["oci_kind"] == kind.removeprefix("unfinished ")
    pusher = Pusher(kept.client, f"glance/{row['id']}")
    # Its layer is there, so nothing but the row is in the way.
    assert told(pusher.put("latest", image(kept.found.data))) == "403 DENIED"
    assert told(kept.client("POST", pusher.path("blobs/uploads/"))) == "403 DENIED"
    assert kept.glance.get(row["id"]) == row


def test_the_rows_of_the_key_take_no_push_whatever_they_say(kept: Kept) -> None:
    """The key's own row may have lost its kind; others wait for the key to be made anew."""
    spare = key_rows(kept.ids.project)[-1]
    kept.glance.create({"id": spare, "visibility": "private"})
    try:
        pusher = Pusher(kept.client, f"glance/{spare}")
        assert told(pusher.put("latest", image())) == "403 DENIED"
        assert kept.glance.get(spare)["status"] == "queued"
    finally:
        kept.glance.delete(spare)


def test_a_registry_started_after_such_pushes_finds_everything(
    kept: Kept, start_registry: StartRegistry
) -> None:
    for kind in ("key", "blob", "referrer"):
        row_id = kept.row(kind)["id"]
        Pusher(kept.client, f"glance/{row_id}").put("latest", image(kept.found.data))
    other = Client(start_registry().address)
    assert answers(other, kept.found, READS) == SEEN
    referrers = other("GET", f"/v2/{kept.found.repository}/referrers/{kept.found.manifest}").json
    assert [one["digest"] for one in referrers["manifests"]] == [kept.referrer]
