"""What was open by the ID of an image and is so no more."""

from __future__ import annotations

import secrets
from uuid import uuid4

import pytest

from registry_glance.oci.manifest import Manifest
from registry_glance.store.glance import rows
from registry_glance.store.glance.ids import Ids
from registry_glance.store.glance.rows import LARGEST_MANIFEST
from registry_glance.store.glance.writer import Small
from tests.access.conftest import As, Callers, eventually
from tests.access.held import rows as held
from tests.access.questions import READS, Image, answers, pushed, told
from tests.api.content import CONFIG, Pusher, digest, image, index
from tests.conftest import StartRegistry
from tests.glance_images.test_pull import SEEN, UNKNOWN

#: The project's own blobs are in all its repositories.
GONE = {**UNKNOWN, "see a blob": "200", "pull a blob": "200"}


@pytest.fixture
def data() -> bytes:
    """A layer that nobody has."""
    return secrets.token_bytes(1000)


@pytest.fixture
def remembering(callers: Callers, start_registry: StartRegistry) -> Callers:
    """The callers of a registry of one worker, which believes what it knows for long."""
    started = start_registry(auth="keystone", cache={"staleness": 600}, workers=1)
    names = Callers.__dataclass_fields__
    return Callers(**{name: As(started.address, getattr(callers, name).tenant) for name in names})


def offered(callers: Callers, repository: str, data: bytes, how: str) -> Image:
    """A tag of alice's that bob is shown, by the ID of its row."""
    found = pushed(callers.alice, repository, data)
    row = callers.alice.tenant.image(f"{repository}:latest")
    callers.adam.tenant.set_visibility(row, how)
    if how == "shared":
        callers.alice.tenant.share(row, callers.bob.tenant)
    return Image(f"glance/{row}", found.manifest, found.layer, data)


@pytest.mark.parametrize("how", ["public", "community", "shared"])
def test_a_superseded_image_is_open_as_long_as_its_tag_is(
    callers: Callers, repository: str, data: bytes, how: str
) -> None:
    """Servers that strangers have booted from it can be rebuilt until then."""
    old = offered(callers, repository, data, how)
    pushed(callers.adam, repository, secrets.token_bytes(1000))
    assert answers(callers.bob, old, READS) == SEEN
    callers.adam.tenant.set_visibility(
        callers.alice.tenant.image(f"{repository}:latest"), "private"
    )
    eventually(lambda: answers(callers.bob, old, READS), UNKNOWN)
    assert callers.bob.tenant.glance().get(old.repository.removeprefix("glance/"))
    assert answers(callers.alice, old, READS) == SEEN


def test_a_superseded_image_is_gone_for_others_when_its_tag_is(
    remembering: Callers, repository: str, data: bytes
) -> None:
    old = offered(remembering, repository, data, "public")
    pushed(remembering.adam, repository, secrets.token_bytes(1000))
    assert answers(remembering.bob, old, READS) == SEEN
    assert remembering.adam("DELETE", f"/v2/{repository}/manifests/latest").status == 202
    assert answers(remembering.bob, old, READS) == UNKNOWN
    assert answers(remembering.alice, old, READS) == SEEN


def test_a_deleted_manifest_is_gone_by_every_row(
    remembering: Callers, repository: str, data: bytes
) -> None:
    old = offered(remembering, repository, data, "public")
    (beside,) = held(remembering.alice.tenant, oci_kind="manifest", oci_digest=old.manifest)
    pushed(remembering.adam, repository, secrets.token_bytes(1000))
    assert answers(remembering.bob, old, READS) == SEEN
    assert answers(remembering.alice, old, READS) == SEEN
    path = f"/v2/{repository}/manifests/{old.manifest}"
    assert remembering.alice("DELETE", path).status == 202
    for question in ("see the tag", "pull the tag", "see the manifest", "pull the manifest"):
        for row in (old.repository, f"glance/{beside['id']}"):
            answer = Image(row, old.manifest, old.layer, data).ask(
                remembering.alice, READS[question]
            )
            assert answer.status == 404
    assert told(old.ask(remembering.bob, READS["pull the tag"])) == "404 MANIFEST_UNKNOWN"
    assert told(old.ask(remembering.bob, READS["pull a blob"])) == "404 BLOB_UNKNOWN"


@pytest.mark.parametrize("reference", ["latest", "{manifest}"])
def test_a_deleted_image_is_gone_for_everybody_at_once(
    remembering: Callers, repository: str, data: bytes, reference: str
) -> None:
    found = offered(remembering, repository, data, "public")
    everybody = (remembering.alice, remembering.rita, remembering.adam, remembering.bob)
    for caller in everybody:
        assert answers(caller, found, READS) == SEEN
    path = f"/v2/{repository}/manifests/{reference.format(manifest=found.manifest)}"
    assert remembering.adam("DELETE", path).status == 202
    for caller in everybody:
        assert answers(caller, found, READS) == (UNKNOWN if caller is remembering.bob else GONE)


def test_a_deleted_part_of_an_index_is_gone(
    remembering: Callers, repository: str, data: bytes
) -> None:
    pusher, others = Pusher(remembering.alice, repository), secrets.token_bytes(1000)
    children = [image(data), image(others)]
    for blob in (CONFIG, data, others):
        pusher.blob(blob)
    for child in children:
        pusher.manifest(child)
    pusher.manifest(index(*children), "latest")
    row = remembering.alice.tenant.image(f"{repository}:latest")
    remembering.adam.tenant.set_visibility(row, "public")

    def pulled() -> list[int]:
        paths = [f"manifests/{digest(child)}" for child in children]
        paths += [f"blobs/{digest(blob)}" for blob in (data, others)]
        return [remembering.bob("GET", f"/v2/glance/{row}/{path}").status for path in paths]

    assert pulled() == [200] * 4
    path = f"/v2/{repository}/manifests/{digest(children[0])}"
    assert remembering.alice("DELETE", path).status == 202
    assert pulled() == [404, 200, 404, 200]


# Rows that a member fills himself, after the registry has sealed them


@pytest.fixture(scope="module")
def huge() -> Manifest:
    """A manifest above the limit, by its true digest."""
    body = image()
    return Manifest.parse(body + b" " * (LARGEST_MANIFEST + 1 - len(body)), None)


def filled(callers: Callers, row: dict[str, object], body: bytes) -> str:
    glance = callers.alice.tenant.glance()
    row_id = str(glance.create(row)["id"])
    glance.write(row_id, Small(body))
    return row_id


def test_what_is_too_large_for_a_manifest_is_none(
    callers: Callers, ids: Ids, huge: Manifest
) -> None:
    row_id = str(uuid4())
    said = {**rows.new(row_id, "image"), **rows.image_properties(row_id, huge)}
    filled(callers, ids.sealed(said), huge.body)
    answer = callers.alice("GET", f"/v2/glance/{row_id}/manifests/latest")
    assert told(answer) == "404 MANIFEST_UNKNOWN"


def test_no_more_of_a_row_is_read_than_a_manifest_may_have(
    callers: Callers, ids: Ids, huge: Manifest, repository: str
) -> None:
    row_id = ids.row("manifest", repository, str(huge.digest), "0")
    filled(callers, ids.sealed(rows.new_manifest(row_id, repository, huge)), huge.body)
    answer = callers.alice("GET", f"/v2/{repository}/manifests/{huge.digest}")
    assert told(answer) == "500 CORRUPT"
