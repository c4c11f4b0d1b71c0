"""Layers of others that a manifest needs become the project's own."""

from __future__ import annotations

import secrets
from uuid import uuid4

from registry_glance.oci.digest import Digest
from registry_glance.store.glance import rows
from registry_glance.store.glance.ids import Ids
from registry_glance.store.glance.writer import Small
from tests.access.conftest import As, Callers
from tests.access.questions import pushed, told
from tests.api.content import CONFIG, Pusher, digest, image
from tests.conftest import StartRegistry
from tests.glance_images.conftest import snapshot


def spoilt(callers: Callers, ids: Ids, data: bytes) -> None:
    """Make a blob of alice's whose bytes in Glance are others, as if these had rotted."""
    glance, piece = callers.alice.tenant.glance(), str(uuid4())
    glance.create(ids.sealed(rows.new(piece, "upload")))
    glance.write(piece, Small(data[::-1]))
    entry, name = ids.row("blob", digest(data), "0"), Digest.parse(digest(data))
    glance.create(ids.sealed(rows.new_blob(entry, name, len(data), piece, [0], ids)))


def test_a_base_layer_that_cannot_be_read_is_pushed_by_the_client(
    callers: Callers, ids: Ids, repository: str
) -> None:
    data = secrets.token_bytes(1000)
    spoilt(callers, ids, data)
    pusher = Pusher(callers.alice, repository)
    pusher.blob(CONFIG)
    pusher.manifest(image(data), "latest")
    base = callers.alice.tenant.image(f"{repository}:latest")
    callers.adam.tenant.set_visibility(base, "public")
    pusher = Pusher(callers.bob, f"glance/{snapshot(callers.bob.tenant, 'snap', base)}")
    layer = pusher.path(f"blobs/{digest(data)}")
    assert callers.bob("HEAD", layer).status == 200
    assert told(pusher.put("latest", image(data))) == "404 MANIFEST_BLOB_UNKNOWN"
    # Now he knows that he has to send it.
    assert callers.bob("HEAD", layer).status == 404
    pusher.blob(data)
    pusher.manifest(image(data), "latest")
    assert callers.bob("GET", layer).body == data


def test_what_was_said_to_be_there_is_copied_where_blobs_may_be_absent(
    callers: Callers, repository: str, start_registry: StartRegistry
) -> None:
    data, absent = secrets.token_bytes(1000), secrets.token_bytes(1000)
    found = pushed(callers.alice, repository, data)
    tag = callers.alice.tenant.image(f"{repository}:latest")
    callers.adam.tenant.set_visibility(tag, "public")
    started = start_registry(auth="keystone", manifests={"sparse": True}, cache={"staleness": 0})
    bob = As(started.address, callers.bob.tenant)
    pusher = Pusher(bob, repository)
    assert bob("HEAD", pusher.path(f"blobs/{found.layer}")).status == 200
    pusher.manifest(image(data, absent), "mine")
    callers.adam.tenant.set_visibility(tag, "private")
    assert bob("GET", pusher.path(f"blobs/{found.layer}")).body == data
    assert bob("HEAD", pusher.path(f"blobs/{digest(absent)}")).status == 404
