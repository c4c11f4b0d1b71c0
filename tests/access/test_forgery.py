"""Rows that a member forges by Glance's own API give him nothing of anybody's.

Bob knows all about alice's private image: its name, its digests, its rows' IDs; and what is more,
the IDs that the registry computes for his own project, which nobody can know.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4, uuid5

import pytest

from registry_glance.embedded.cloud import CLOUD_NAME, Cloud
from registry_glance.embedded.credentials import Credentials
from registry_glance.embedded.glance import REGISTRY_ROLE
from registry_glance.embedded.identity import Identity
from registry_glance.glance import cloud as clouds
from registry_glance.glance.client import Conflict, Glance, Row
from registry_glance.oci.media_types import OCI_MANIFEST
from registry_glance.store.glance import rows
from registry_glance.store.glance.ids import SEAL, Ids
from registry_glance.store.glance.key import KEY_NAMESPACE, shared_key
from registry_glance.store.glance.writer import Small
from tests.access.conftest import As, Callers, eventually
from tests.access.held import near
from tests.access.held import rows as held
from tests.access.questions import READS, Image, answers, pushed, told
from tests.api.client import Client
from tests.api.content import CONFIG, Pusher, digest, image, index
from tests.conftest import registries
from tests.registry import RegistryProcess
from tests.tenants import Tenant, Tenants

READ_BY_NOBODY = {
    "see the tag": "404",
    "pull the tag": "404 MANIFEST_UNKNOWN",
    "see the manifest": "404",
    "pull the manifest": "404 MANIFEST_UNKNOWN",
    "see a blob": "404",
    "pull a blob": "404 BLOB_UNKNOWN",
    "list the tags": "404 NAME_UNKNOWN",
}
#: The same but for lists: what name a forger gives to an image of his is for him to say.
CONTENTS = {name: told for name, told in READ_BY_NOBODY.items() if name != "list the tags"}

#: How a forger shows his rows, and to whom.
WAYS = ("private", "shared", "public", "community")


@dataclass(frozen=True)
class Place:
    """Alice's private image, and clients of a registry that has never seen it pushed."""

    victim: Image
    bob: As
    carol: As
    ids: Ids
    registry: RegistryProcess

    def check(self) -> None:
        """Neither the forger nor another stranger is told of it, whoever is asked."""
        for client in (self.bob, self.carol):
            assert self.bytes_told(client) == []
            assert answers(client, self.victim, READS) == READ_BY_NOBODY

    def check_contents(self, client: Client) -> None:
        """One who is shown a forger's rows is told nothing but their names."""
        assert self.bytes_told(client) == []
        assert self.told(client) == CONTENTS

    def told(self, client: Client) -> dict[str, str]:
        """What is told of it, but for lists."""
        return answers(client, self.victim, {name: READS[name] for name in CONTENTS})

    def bytes_told(self, client: Client) -> list[str]:
        """The questions whose answer holds anything of the layer."""
        wanted = self.victim.data[:16], self.victim.data[-16:]
        found = {name: self.victim.ask(client, question) for name, question in READS.items()}
        return [name for name, one in found.items() if any(part in one.body for part in wanted)]


@pytest.fixture(scope="module")
def other_registry(
    cloud: Cloud, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RegistryProcess]:
    """A replica that knows only what lies in Glance, and of it no answer for long."""
    with registries(cloud, tmp_path_factory) as start:
        access, sparse = {"cache_time": 1}, {"sparse": True}
        yield start(auth="keystone", access=access, cache={"staleness": 0}, manifests=sparse)


@pytest.fixture(scope="module")
def ids(cloud: Cloud, tenants: Tenants, tenant_registry: RegistryProcess) -> Ids:
    """How the registry computes the IDs of bob's rows; it has made its key."""
    own = Glance(clouds.from_clouds_yaml(CLOUD_NAME, str(cloud.clouds_yaml)))
    Client(tenant_registry.address)("GET", "/v2/", Authorization=f"Bearer {tenants.bob.token()}")
    return Ids(shared_key(own, own.project()), tenants.bob.project_id)


@pytest.fixture
def place(callers: Callers, other_registry: RegistryProcess, ids: Ids, repository: str) -> Place:
    victim = pushed(callers.alice, repository, secrets.token_bytes(1000))
    assert answers(callers.alice, victim, READS) == dict.fromkeys(READS, "200")
    bob, carol = (
        As(other_registry.address, caller.tenant) for caller in (callers.bob, callers.carol)
    )
    return Place(victim, bob, carol, ids, other_registry)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["unsealed", "copied seal"])
def genuine(request: pytest.FixtureRequest, callers: Callers) -> dict[str, Row]:
    """Rows of bob's whose seals are copied, by what they are; none where nothing is sealed."""
    if request.param == "unsealed":
        return {}
    pushed(callers.bob, f"own-{uuid4().hex[:8]}", secrets.token_bytes(10))
    return {row["oci_kind"]: row for row in held(callers.bob.tenant) if SEAL in row}


def forge(
    tenant: Tenant,
    kind: str,
    genuine: dict[str, Row],
    data: bytes = b"",
    row_id: str | None = None,
    **properties: Any,
) -> str:
    """A row of his own that says it is the registry's; its ID."""
    seal = {SEAL: genuine[kind][SEAL]} if genuine else {}
    row = {**rows.new(row_id or str(uuid4()), kind), **seal, **properties}
    glance = tenant.glance()
    glance.create(row)
    if data:
        glance.write(str(row["id"]), Small(data))
    return str(row["id"])


def show(callers: Callers, row_id: str, way: str) -> None:
    """Show a row of bob's to others; that it may be public takes an admin."""
    bob, carol, adam = callers.bob.tenant, callers.carol.tenant, callers.adam.tenant
    adam.set_visibility(row_id, way)
    if way == "shared":
        for other in (carol, adam):
            bob.share(row_id, other)
            other.accept(row_id)


def row_of(tenant: Tenant, **properties: str) -> Row:
    (row,) = held(tenant, **properties)
    return row


def test_a_blob_entry(callers: Callers, place: Place, way: str, genuine: dict[str, Row]) -> None:
    """It names the row that holds alice's bytes, and lies where the registry will look."""
    victim = place.victim
    bytes_row = row_of(callers.alice.tenant, oci_kind="upload", oci_digest=victim.layer)["id"]
    for row_id in (place.ids.row("blob", victim.layer, "0"), str(uuid4())):
        claims = {"oci_digest": victim.layer, "oci_size": "1000", "oci_row": bytes_row}
        show(callers, forge(callers.bob.tenant, "blob", genuine, row_id=row_id, **claims), way)
    place.check()
    mount = f"/v2/{victim.repository}/blobs/uploads/?mount={victim.layer}&from={victim.repository}"
    assert place.bob("POST", mount).status == 202
    answer = Pusher(callers.bob, victim.repository).put("latest", image(victim.data))
    assert told(answer) == "404 MANIFEST_BLOB_UNKNOWN"
    assert victim.ask(callers.alice, READS["pull a blob"]).body == victim.data


def test_a_tag(callers: Callers, place: Place, way: str, genuine: dict[str, Row]) -> None:
    """It has alice's tag's name and the highest of serials; the manifest is there as well."""
    victim = place.victim
    manifest = victim.ask(callers.alice, READS["pull the tag"]).body
    row_id = str(uuid4())
    claims = {
        "oci_repository": victim.repository,
        "oci_digest": victim.manifest,
        "oci_media_type": OCI_MANIFEST,
        "oci_size": "1",
        "oci_serial": "999999999",
        "oci_image": row_id,
    }
    tag = forge(
        callers.bob.tenant,
        "tag",
        genuine,
        manifest,
        row_id,
        **claims,
        name=f"{victim.repository}:latest",
        os_hidden=False,
    )
    parts = ("manifest", victim.repository, victim.manifest, "0")
    forge(callers.bob.tenant, "manifest", genuine, manifest, place.ids.row(*parts), **claims)
    show(callers, tag, way)
    # By its name it is an image of bob's, whose layers are not there.
    for client in (place.bob, place.carol):
        place.check_contents(client)
    assert answers(callers.alice, victim, READS) == dict.fromkeys(READS, "200")
    again = pushed(callers.alice, victim.repository, secrets.token_bytes(1000))
    eventually(
        lambda: again.ask(callers.rita, READS["see the tag"])["Docker-Content-Digest"],
        again.manifest,
    )


def test_a_piece_of_an_upload(
    callers: Callers, place: Place, way: str, genuine: dict[str, Row]
) -> None:
    """The upload's UUID, which the registry told, is the ID of its first row."""
    victim = place.victim
    for data in (b"", secrets.token_bytes(1000)):
        location = Pusher(place.bob, victim.repository).upload()
        upload = location.rpartition("/")[2]
        claims = {
            "oci_upload": upload,
            "oci_repository": victim.repository,
            "oci_offset": "0",
            "oci_size": "1000",
            "oci_digest": victim.layer,
        }
        show(callers, forge(callers.bob.tenant, "upload", genuine, data, upload, **claims), way)
        for client in (callers.bob, place.bob):
            assert client("GET", location)["Range"] == "0-0"
        end = f"{location}?digest={victim.layer}"
        assert told(place.bob("PUT", end)) == "400 DIGEST_INVALID"
        assert told(callers.bob("PUT", end)) == "404 BLOB_UPLOAD_UNKNOWN"
    place.check()


def test_an_upload_goes_on_beside_a_forged_piece(callers: Callers, place: Place) -> None:
    """Its ID is taken, and the registry takes another."""
    data = secrets.token_bytes(500)
    location = Pusher(callers.bob, place.victim.repository).upload()
    forge(callers.bob.tenant, "upload", {}, data, location.rpartition("/")[2])
    assert place.bob("PATCH", location, data).status == 202
    assert callers.bob("PUT", f"{location}?digest={digest(data)}").status == 201
    path = f"/v2/{place.victim.repository}/blobs/{digest(data)}"
    assert place.bob("GET", path).body == data


@pytest.mark.parametrize("changed", ["oci_row", "oci_digest", "oci_size"])
def test_a_changed_entry_is_none(callers: Callers, place: Place, changed: str) -> None:
    """Bob lets an entry of his own, which was genuine, point to alice's bytes."""
    victim = place.victim
    data = secrets.token_bytes(1000)
    own = pushed(callers.bob, victim.repository, data)
    entry = row_of(callers.bob.tenant, oci_kind="blob", oci_digest=own.layer)
    assert own.ask(place.bob, READS["pull a blob"]).body == data
    target = row_of(callers.alice.tenant, oci_kind="upload", oci_digest=victim.layer)["id"]
    value = {"oci_row": target, "oci_digest": victim.layer, "oci_size": "999"}[changed]
    callers.bob.tenant.glance().update(entry["id"], {changed: value})
    for client in (callers.bob, place.bob):
        eventually(lambda: told(own.ask(client, READS["pull a blob"])), "404 BLOB_UNKNOWN")  # noqa: B023
        assert victim.ask(client, READS["pull a blob"]).status == 404
    callers.bob.tenant.glance().update(entry["id"], {changed: entry[changed]})
    assert own.ask(place.bob, READS["pull a blob"]).body == data


def test_a_changed_piece_is_none(callers: Callers, place: Place) -> None:
    """Bob sends bytes of his own, and says in Glance that they were alice's."""
    victim = place.victim
    location = Pusher(callers.bob, victim.repository).upload()
    assert callers.bob("PATCH", location, secrets.token_bytes(1000)).status == 202
    upload = location.rpartition("/")[2]
    callers.bob.tenant.glance().update(upload, {"oci_digest": victim.layer})
    assert told(place.bob("PUT", f"{location}?digest={victim.layer}")) == "400 DIGEST_INVALID"
    assert callers.bob("PUT", f"{location}?digest={victim.layer}").status in (400, 404)
    place.check()


def test_a_changed_tag_is_none(callers: Callers, place: Place) -> None:
    """Bob lets his own tag point to alice's manifest, and offers it to all."""
    victim = place.victim
    own = pushed(callers.bob, f"{victim.repository}/own", secrets.token_bytes(10))
    tag = callers.bob.tenant.image(f"{own.repository}:latest")
    changes = {"oci_digest": victim.manifest, "oci_repository": victim.repository}
    name = {"name": f"{victim.repository}:latest", "visibility": "community"}
    callers.bob.tenant.glance().update(tag, {**changes, **name})
    # By that name it is an image of what is in it, which he has pushed himself.
    tagged = {"see the tag": "200", "pull the tag": "200"}
    for client in (place.bob, place.carol):
        assert place.bytes_told(client) == []
        assert place.told(client) == CONTENTS | tagged
        answer = victim.ask(client, READS["pull the tag"])
        assert answer["Docker-Content-Digest"] == own.manifest
    assert own.ask(place.bob, READS["see the tag"]).status == 404


def test_a_renamed_tag_offers_nothing_else(callers: Callers, place: Place) -> None:
    """A name may be changed in Glance; what is found by it is the owner's, or nothing."""
    victim = place.victim
    own = pushed(callers.bob, f"{victim.repository}/own", secrets.token_bytes(10))
    tag = callers.bob.tenant.image(f"{own.repository}:latest")
    name = {"name": f"{victim.repository}:latest", "visibility": "community"}
    callers.bob.tenant.glance().update(tag, name)
    assert victim.ask(place.carol, READS["pull the tag"]).status == 404
    assert victim.ask(place.carol, READS["pull a blob"]).status == 404
    answer = victim.ask(callers.alice, READS["pull the tag"])
    assert answer["Docker-Content-Digest"] == victim.manifest


def test_a_deleted_rows_id_is_no_longer_to_be_had(callers: Callers, place: Place) -> None:
    """So a seal that was genuine fits no other row."""
    own = pushed(callers.bob, place.victim.repository, secrets.token_bytes(10))
    entry = row_of(callers.bob.tenant, oci_kind="blob", oci_digest=own.layer)
    sealed = {key: value for key, value in entry.items() if key.startswith("oci_")}
    glance = callers.bob.tenant.glance()
    glance.delete(entry["id"])
    row = {**rows.new(entry["id"], "blob"), **sealed}
    with pytest.raises(Conflict):
        glance.create(row)
    glance.create({**row, "id": str(uuid4())})
    assert told(own.ask(place.bob, READS["pull a blob"])) == "404 BLOB_UNKNOWN"


@pytest.mark.parametrize("way", ["private", "shared", "public", "community"])
def test_a_manifest_that_names_what_its_owner_never_had(
    callers: Callers, place: Place, way: str
) -> None:
    """A registry that takes sparse manifests takes this one, too: what it names stays alice's."""
    victim = place.victim
    pusher = Pusher(place.bob, victim.repository)
    pusher.blob(CONFIG)
    forged = image(victim.data, config={"digest": victim.layer, "size": 1, "mediaType": "a/b"})
    whole = index(forged, image(victim.data))
    assert digest(image(victim.data)) == victim.manifest
    for reference, manifest in (("image", forged), ("index", whole)):
        assert pusher.put(reference, manifest).status == 201
        row = callers.bob.tenant.image(f"{victim.repository}:{reference}")
        if way != "private":
            show(callers, row, way)
    shown = [place.bob] if way == "private" else [place.bob, place.carol, callers.carol]
    for client in shown:
        eventually(lambda: told(client("GET", pusher.path("manifests/index"))), "200")  # noqa: B023
        assert place.bytes_told(client) == []
        for name in ("see a blob", "pull a blob", "see the manifest", "pull the manifest"):
            assert told(victim.ask(client, READS[name])) == READ_BY_NOBODY[name]
        mount = pusher.path(f"blobs/uploads/?mount={victim.layer}&from={victim.repository}")
        assert client("POST", mount).status == 202
        answer = Pusher(As(callers.bob.address, client.tenant), victim.repository).put(
            "mine", image(victim.data)
        )
        assert told(answer) == "404 MANIFEST_BLOB_UNKNOWN"
    assert answers(callers.alice, victim, READS) == dict.fromkeys(READS, "200")


def test_a_copy_of_an_offer_offers_nothing(callers: Callers, place: Place) -> None:
    """Bob copies all that Glance shows him of alice's tag while it is the community's."""
    victim = place.victim
    alice, bob = callers.alice.tenant, callers.bob.tenant
    tag = alice.image(f"{victim.repository}:latest")
    alice.set_visibility(tag, "community")
    eventually(lambda: set(answers(place.carol, victim, READS).values()) >= {"200"}, True)
    seen = bob.glance().get(tag)
    manifest = victim.ask(place.bob, READS["pull the tag"]).body
    copied = {key: value for key, value in seen.items() if key.startswith("oci_")}
    name = {"name": seen["name"], "os_hidden": False, "visibility": "community"}
    forge(bob, "tag", {}, manifest, **{**copied, **name})
    alice.set_visibility(tag, "private")
    for client in (place.carol, place.bob):
        eventually(lambda: place.told(client), CONTENTS)  # noqa: B023
        place.check_contents(client)


def test_nothing_of_it_came_near(callers: Callers, place: Place, genuine: dict[str, Row]) -> None:
    """A registry that alice has not asked fetches none of her bytes for anybody else."""
    target = row_of(callers.alice.tenant, oci_kind="upload", oci_digest=place.victim.layer)["id"]
    claims = {"oci_digest": place.victim.layer, "oci_size": "1000", "oci_row": target}
    row_id = place.ids.row("blob", place.victim.layer, "0")
    forge(callers.bob.tenant, "blob", genuine, row_id=row_id, **claims)
    place.check()
    assert not near(place.registry, place.victim.layer).exists()
    assert not near(place.registry, place.victim.manifest).exists()


def test_a_row_in_the_keys_place_is_passed_over(cloud: Cloud, tenants: Tenants) -> None:
    """The key's rows have IDs that anybody can compute who knows the registry's project."""
    name = f"registry-{uuid4().hex[:8]}"
    user = Credentials(cloud.auth_url, name, secrets.token_hex(8), name, cloud.registry.region)
    Identity(cloud.admin).user(user, "member", REGISTRY_ROLE)
    own = Glance(clouds.Cloud(auth=user.as_auth(), region=user.region))
    first = f"{own.project()}/0"
    tenants.bob.glance().create(rows.new_key(str(uuid5(KEY_NAMESPACE, first)), "00" * 32))
    key = shared_key(own, own.project())
    assert key != bytes(32)
    assert shared_key(own, own.project()) == key
