"""What an open registry asks Glance about images by their ID, and leaves when it dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException

import pytest

from registry_glance.embedded.cloud import CLOUD_NAME, Cloud
from registry_glance.glance.client import Glance
from registry_glance.glance.cloud import from_clouds_yaml
from registry_glance.store.glance.ids import Ids
from registry_glance.store.glance.key import shared_key
from tests.access.questions import READS, Image, answers, pushed, told
from tests.api.client import Answer
from tests.api.content import CONFIG, Pusher, digest, image
from tests.faults.behind import Behind, behind
from tests.faults.fault import ANY, DATA, ROW, Fault, Kind
from tests.glance_images.conftest import add, copied, fill
from tests.tenants import Tenants

SEEN = dict.fromkeys(READS, "200")


@pytest.fixture(scope="module")
def shared(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    folder = tmp_path_factory.mktemp("glance-images")
    # What a worker has learnt, another one has not.
    settings = {"glance": {"timeout": 5, "retries": 2}, "cache": {"staleness": 60}, "workers": 1}
    with behind(cloud, folder, **settings) as found:
        yield found


@pytest.fixture
def place(shared: Behind) -> Iterator[Behind]:
    """The registry, without faults at the beginning and at the end."""
    shared.settle()
    yield shared
    shared.settle()


@pytest.fixture
def glance(cloud: Cloud) -> Glance:
    """Glance, as the registry itself sees it."""
    return Glance(from_clouds_yaml(CLOUD_NAME, str(cloud.clouds_yaml)))


@pytest.fixture
def ids(glance: Glance) -> Ids:
    """The IDs of the registry's own rows."""
    project = glance.project()
    return Ids(shared_key(glance, project), project)


@pytest.fixture
def data() -> bytes:
    """A layer that nobody has."""
    return os.urandom(1000)


def calls(place: Behind) -> int:
    """The questions to Glance so far."""
    return len([one for verb in ("GET", "POST", "PUT") for one in place.glance.seen(verb, ANY)])


def pull(place: Behind, found: Image) -> int:
    """Pull it as clients do; the calls to Glance that it took."""
    place.glance.forget()
    for question in (READS["pull the tag"], READS["pull the manifest"], READS["pull a blob"]):
        assert found.ask(place.client, question).status == 200
    return calls(place)


def test_a_second_pull_asks_glance_nothing(
    place: Behind, glance: Glance, repository: str, data: bytes
) -> None:
    row = add(glance)
    by_name = pushed(place.client, repository, data)
    by_id = pushed(place.client, f"glance/{row}", data)
    place.registry.stop()
    place.registry.start()
    first = {found: pull(place, found) for found in (by_name, by_id)}
    assert 0 < first[by_id] <= first[by_name]
    assert {found: pull(place, found) for found in (by_name, by_id)} == {by_name: 0, by_id: 0}


def test_images_that_have_only_a_name_cost_a_push_nothing(
    place: Behind, glance: Glance, repository: str, data: bytes
) -> None:
    by_id = pushed(place.client, f"glance/{add(glance, repository)}", data)
    place.glance.forget()
    new = f"/v2/{repository}/blobs/{digest(os.urandom(10))}"
    assert place.client("HEAD", new).status == 404
    assert calls(place) == 1
    by_name = Image(repository, by_id.manifest, by_id.layer, data)
    pull(place, by_name)
    # What is not there is not remembered: a manifest of this digest that was pushed here.
    assert pull(place, by_name) == 1


def test_an_open_registry_shows_its_own_images_and_published_ones(
    place: Behind, glance: Glance, tenants: Tenants, data: bytes
) -> None:
    """Though Glance shows it everything."""
    found = pushed(place.client, f"glance/{add(glance)}", data)
    assert answers(place.client, found, READS) == SEEN
    alice = tenants.alice.glance()
    row = add(alice)
    assert glance.get(row)["owner"] == tenants.alice.project_id
    assert told(place.client("POST", f"/v2/glance/{row}/blobs/uploads/")) == "404 NAME_UNKNOWN"
    fill(alice, row, b"a disk")
    path = f"/v2/glance/{row}/manifests/latest"
    hidden = place.client("GET", path).json["errors"][0]["message"]
    tenants.adam.set_visibility(row, "public")
    assert place.client("GET", path).json["errors"][0]["message"] != hidden


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (("PATCH", ROW), Kind.HANG),
        (("PATCH", ROW), Kind.DELAY),
        (("PUT", DATA), Kind.HANG),
        (("PUT", DATA), Kind.DELAY),
    ],
    ids=["before the PATCH", "after the PATCH", "before the data", "after the data"],
)
def test_a_registry_may_be_killed_while_it_fills_an_image(
    place: Behind,
    glance: Glance,
    ids: Ids,
    repository: str,
    data: bytes,
    call: tuple[str, str],
    kind: Kind,
) -> None:
    """The row stays queued, or is complete; the same push succeeds once the claim is gone."""
    pushed(place.client, repository, data)
    (tag,) = glance.named(f"{repository}:latest")
    row, manifest = add(glance, **copied(glance, tag["id"])), image(data, n="1")
    pusher = Pusher(place.client, f"glance/{row}")
    struck = place.glance.fail(Fault(*call, kind, times=1))
    with ThreadPoolExecutor(1) as pool:
        pushing = pool.submit(put_quietly, pusher, manifest)
        assert struck.reached.wait(20)
        place.registry.kill()
        place.glance.heal()
        pushing.result()
    place.registry.start()
    done = (call, kind) == (("PUT", DATA), Kind.DELAY)
    assert glance.get(row)["status"] == ("active" if done else "queued")
    if not done:
        assert told(pusher.put("latest", manifest)) == "503 UNAVAILABLE"
    glance.delete(ids.row("claim", row, "0"))
    assert pusher.put("latest", manifest).status == 201
    found = Image(f"glance/{row}", digest(manifest), digest(data), data)
    assert answers(place.client, found, READS) == SEEN


def put_quietly(pusher: Pusher, manifest: bytes) -> Answer | None:
    """Put a manifest that may not arrive."""
    with suppress(HTTPException, OSError):
        return pusher.put("latest", manifest)
    return None


def prepared(place: Behind, row: str, data: bytes) -> Pusher:
    """A pusher to the row, whose blobs are there."""
    pusher = Pusher(place.client, f"glance/{row}")
    for blob in (CONFIG, data):
        pusher.blob(blob)
    return pusher


def test_data_that_glance_does_not_take_leave_the_image_queued(
    place: Behind, glance: Glance, data: bytes
) -> None:
    row, manifest = add(glance), image(data)
    pusher = prepared(place, row, data)
    place.glance.fail(Fault("PUT", DATA, Kind.ANSWER, status=413, times=1))
    assert told(pusher.put("latest", manifest)) == "413 SIZE_INVALID"
    assert glance.get(row)["status"] == "queued"
    assert pusher.put("latest", manifest).status == 201


def test_a_lost_answer_to_the_patch_is_no_obstacle(
    place: Behind, glance: Glance, data: bytes
) -> None:
    """Asked again, Glance has nothing to remove any more."""
    row = add(glance, oci_kind="tag", oci_tag="x")
    pusher = prepared(place, row, data)
    place.glance.fail(Fault("PATCH", ROW, Kind.LOSE, times=1))
    assert pusher.put("latest", image(data)).status == 201
    assert "oci_tag" not in glance.get(row)
