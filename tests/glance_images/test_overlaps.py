"""Pushes to one image at once, and after one that did not come to its end."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from registry_glance.embedded.cloud import CLOUD_NAME, Cloud
from registry_glance.glance.client import Absent, Glance
from registry_glance.glance.cloud import from_clouds_yaml
from registry_glance.store.glance import rows
from registry_glance.store.glance.claims import LIFETIME
from registry_glance.store.glance.ids import Ids
from registry_glance.store.glance.key import shared_key
from tests.access.questions import told
from tests.api.client import Answer
from tests.api.content import CONFIG, Pusher, digest, image
from tests.faults.behind import Behind, behind
from tests.faults.fault import CREATE, DATA, ROW, Fault, Kind
from tests.glance_images.conftest import add

#: Rows, each pushed to by as many at once.
ROWS = 10
PUSHERS = 4


@pytest.fixture(scope="module")
def shared(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    folder = tmp_path_factory.mktemp("overlaps")
    with behind(cloud, folder, glance={"timeout": 5}, workers=2) as found:
        yield found


@pytest.fixture
def place(shared: Behind) -> Iterator[Behind]:
    """The registry, without faults at the beginning and at the end."""
    shared.settle()
    yield shared
    shared.settle()


@pytest.fixture(scope="module")
def glance(cloud: Cloud) -> Glance:
    """Glance, as the registry itself sees it."""
    return Glance(from_clouds_yaml(CLOUD_NAME, str(cloud.clouds_yaml)))


@pytest.fixture(scope="module")
def ids(glance: Glance) -> Ids:
    """The IDs of the registry's own rows."""
    project = glance.project()
    return Ids(shared_key(glance, project), project)


@pytest.fixture
def data() -> bytes:
    """A layer that nobody has."""
    return secrets.token_bytes(1000)


def prepared(place: Behind, row: str, data: bytes) -> Pusher:
    """A pusher to the row, whose blobs are there."""
    pusher = Pusher(place.client, f"glance/{row}")
    for blob in (CONFIG, data):
        pusher.blob(blob)
    return pusher


def put_at_once(pusher: Pusher, manifests: Sequence[bytes]) -> list[Answer]:
    """Push all of them at one moment."""
    together = threading.Barrier(len(manifests))

    def put(manifest: bytes) -> Answer:
        together.wait(20)
        return pusher.put("latest", manifest)

    with ThreadPoolExecutor(len(manifests)) as pool:
        return list(pool.map(put, manifests))


def held(glance: Glance, row: str) -> bytes:
    """The data of an active row."""
    found = glance.get(row)
    assert (found["status"], found["container_format"]) == ("active", "docker")
    return b"".join(glance.read(row))


def claims(glance: Glance, ids: Ids, row: str) -> list[str]:
    """The claims on an image that were not given up."""
    return [one["id"] for one in glance.find([ids.row("claim", row, str(n)) for n in range(7)])]


@pytest.mark.parametrize("same", [True, False], ids=["the same", "others"])
def test_of_pushes_at_once_every_image_is_filled(
    place: Behind, glance: Glance, ids: Ids, data: bytes, same: bool
) -> None:
    for _ in range(ROWS):
        row = add(glance)
        pusher = prepared(place, row, data)
        manifests = [image(data, n="0" if same else str(n)) for n in range(PUSHERS)]
        found = [told(answer) for answer in put_at_once(pusher, manifests)]
        losers = {"503 UNAVAILABLE"} if same else {"503 UNAVAILABLE", "403 DENIED"}
        assert "201" in found
        assert set(found) <= {"201"} | losers
        assert same or found.count("201") == 1
        winner = manifests[found.index("201")]
        assert held(glance, row) == winner
        assert glance.get(row)["oci_digest"] == digest(winner)
        answer = place.client("GET", pusher.path("manifests/latest"))
        assert (answer.status, answer.body) == (200, winner)
        assert not claims(glance, ids, row)


def test_who_comes_second_waits_for_the_first(place: Behind, glance: Glance, data: bytes) -> None:
    row, manifests = add(glance), [image(data, n=str(n)) for n in range(2)]
    pusher = prepared(place, row, data)
    place.glance.forget()
    described = place.glance.fail(Fault("PATCH", ROW, Kind.DELAY, times=1))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(pusher.put, "latest", manifests[0])
        assert described.reached.wait(20)
        second = pool.submit(pusher.put, "latest", manifests[1])
        wait_until(lambda: len(place.glance.seen("POST", CREATE)) > 1)
        described.released.set()
        assert (told(first.result()), told(second.result())) == ("201", "403 DENIED")
    assert len(place.glance.seen("PATCH", ROW)) == 1
    assert held(glance, row) == manifests[0]


def test_a_claim_whose_maker_has_died_counts_for_a_while_only(
    place: Behind, glance: Glance, ids: Ids, data: bytes
) -> None:
    row, manifest = add(glance), image(data)
    pusher = prepared(place, row, data)
    glance.create(ids.sealed(rows.new_claim(ids.row("claim", row, "0"), row, "a dead one")))
    deadline = time.monotonic() + 2 * LIFETIME
    while (answer := told(pusher.put("latest", manifest))) == "503 UNAVAILABLE":
        assert time.monotonic() < deadline
    assert answer == "201"
    assert held(glance, row) == manifest
    assert not claims(glance, ids, row)


def test_a_push_touches_nothing_while_anothers_claim_counts(
    place: Behind, glance: Glance, ids: Ids, data: bytes
) -> None:
    row = add(glance)
    pusher, manifest = prepared(place, row, data), image(data)
    claim = ids.sealed(rows.new_claim(ids.row("claim", row, "0"), row, "another"))
    made = glance.create(claim)
    before = glance.get(row)
    answer = pusher.put("latest", manifest)
    assert told(answer) == "503 UNAVAILABLE"
    assert int(answer["Retry-After"]) > 0
    assert glance.get(row) == before
    age = datetime.now(UTC) - datetime.fromisoformat(made["created_at"])
    assert age.total_seconds() < LIFETIME, "too slow to tell"
    glance.delete(made["id"])
    assert pusher.put("latest", manifest).status == 201


def test_a_claim_that_anybody_else_makes_is_none(
    place: Behind, glance: Glance, ids: Ids, data: bytes
) -> None:
    """One that is not sealed burns an ID, and nothing more."""
    row = add(glance)
    pusher = prepared(place, row, data)
    glance.create(rows.new_claim(ids.row("claim", row, "0"), row, "another"))
    assert pusher.put("latest", image(data)).status == 201


def test_the_patch_is_not_repeated_when_its_answer_is_late(
    place: Behind, glance: Glance, ids: Ids, data: bytes
) -> None:
    """It may still come: so nobody else fills the image for a while either."""
    row = add(glance)
    pusher, manifest = prepared(place, row, data), image(data)
    place.glance.fail(Fault("PATCH", ROW, Kind.HANG, times=1))
    assert told(pusher.put("latest", manifest)) == "503 UNAVAILABLE"
    assert len(place.glance.seen("PATCH", ROW)) == 1
    assert len(claims(glance, ids, row)) == 1
    assert glance.get(row)["status"] == "queued"
    assert told(pusher.put("latest", manifest)) == "503 UNAVAILABLE"
    assert len(place.glance.seen("PATCH", ROW)) == 1
    glance.delete(claims(glance, ids, row)[0])
    assert pusher.put("latest", manifest).status == 201
    assert held(glance, row) == manifest


def test_data_whose_fate_is_unknown_is_sent_again_without_a_second_patch(
    place: Behind, glance: Glance, data: bytes
) -> None:
    row = add(glance)
    pusher, manifest = prepared(place, row, data), image(data)
    for kind in (Kind.RESET, Kind.LOSE):
        place.glance.fail(Fault("PUT", DATA, kind, times=1))
    assert pusher.put("latest", manifest).status == 201
    assert len(place.glance.seen("PATCH", ROW)) == 1
    assert held(glance, row) == manifest


@pytest.mark.parametrize("other", [False, True], ids=["this one", "another"])
def test_a_push_waits_for_data_that_is_on_its_way(
    place: Behind, glance: Glance, data: bytes, other: bool
) -> None:
    """What comes of it decides: this very manifest, or another one."""
    row = add(glance, container_format="docker", disk_format="raw")
    pusher = prepared(place, row, data)
    manifests = [image(data, n=str(n)) for n in range(2)]
    halves = Halves(manifests[0])
    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(glance.write, row, halves)
        wait_saving(glance, row)
        place.glance.forget()
        pushing = pool.submit(pusher.put, "latest", manifests[other])
        wait_until(lambda: len(place.glance.seen("GET", ROW)) > 1)
        halves.more.set()
        writing.result()
        assert told(pushing.result()) == ("403 DENIED" if other else "201")
    assert held(glance, row) == manifests[0]


def test_a_push_to_an_image_that_stays_unfinished_may_be_tried_again(
    place: Behind, glance: Glance, data: bytes
) -> None:
    row = add(glance, container_format="docker", disk_format="raw")
    pusher, manifest = prepared(place, row, data), image(data)
    halves = Halves(manifest)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(glance.write, row, halves)
        wait_saving(glance, row)
        answer = pusher.put("latest", manifest)
        assert (told(answer), int(answer["Retry-After"]) > 0) == ("503 UNAVAILABLE", True)
        assert place.client("POST", pusher.path("blobs/uploads/")).status == 202
        halves.more.set()
        writing.result()
    assert pusher.put("latest", manifest).status == 201


def test_a_push_to_an_image_that_is_deleted_meanwhile_finds_none(
    place: Behind, glance: Glance, data: bytes
) -> None:
    row = add(glance)
    pusher = prepared(place, row, data)
    described = place.glance.fail(Fault("PATCH", ROW, Kind.DELAY, times=1))
    with ThreadPoolExecutor(1) as pool:
        pushing = pool.submit(pusher.put, "latest", image(data))
        assert described.reached.wait(20)
        glance.delete(row)
        described.released.set()
        assert told(pushing.result()) == "404 NAME_UNKNOWN"
    with pytest.raises(Absent):
        glance.get(row)


def test_a_conflict_when_a_complete_image_is_described_is_tried_again(
    place: Behind, glance: Glance, data: bytes
) -> None:
    row, manifest = add(glance), image(data)
    pusher = prepared(place, row, data)
    pusher.manifest(manifest, "latest")
    glance.update(row, {"oci_size": "1"})
    place.glance.fail(Fault("PATCH", ROW, Kind.ANSWER, status=409, times=2))
    assert pusher.put("latest", manifest).status == 201
    assert glance.get(row)["oci_size"] == str(len(manifest) + len(CONFIG) + len(data))
    place.glance.fail(Fault("PATCH", ROW, Kind.ANSWER, status=409))
    glance.update(row, {"oci_size": "1"})
    assert told(pusher.put("latest", manifest)) == "503 UNAVAILABLE"


def test_a_true_description_stays_when_pushed_by_another_digest(
    place: Behind, glance: Glance, data: bytes
) -> None:
    row, manifest = add(glance), image(data)
    pusher = prepared(place, row, data)
    pusher.manifest(manifest, "latest")
    before = glance.get(row)
    assert pusher.put(digest(manifest, "sha512"), manifest).status == 201
    assert glance.get(row) == before
    for reference in ("latest", digest(manifest)):
        answer = place.client("GET", pusher.path(f"manifests/{reference}"))
        assert (answer.status, answer.body) == (200, manifest)


def test_an_image_described_as_another_is_mended_by_a_push_of_what_it_holds(
    place: Behind, glance: Glance, ids: Ids, data: bytes
) -> None:
    row, other = add(glance), add(glance)
    manifests = [image(data, n=str(n)) for n in range(2)]
    prepared(place, row, data).manifest(manifests[0], "latest")
    prepared(place, other, data).manifest(manifests[1], "latest")
    said = {name: text for name, text in glance.get(other).items() if name.startswith("oci_")}
    said |= {"oci_image": row, "oci_repository": f"glance/{row}"}
    wrong = ids.sealed({"id": row, **{k: v for k, v in said.items() if k != "oci_seal"}})
    glance.update(row, {name: text for name, text in wrong.items() if name != "id"})
    pusher = Pusher(place.client, f"glance/{row}")
    assert told(pusher.put("latest", manifests[1])) == "403 DENIED"
    assert pusher.put("latest", manifests[0]).status == 201
    assert glance.get(row)["oci_digest"] == digest(manifests[0])
    assert place.client("GET", pusher.path("manifests/latest")).body == manifests[0]


def wait_saving(glance: Glance, row: str) -> None:
    """Return once Glance has begun to take the row's data."""
    wait_until(lambda: glance.get(row)["status"] == "saving")


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Halves:
    """Data whose second half is sent once it may."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.more = threading.Event()

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[bytes]:
        middle = len(self._data) // 2
        yield self._data[:middle]
        self.more.wait(60)
        yield self._data[middle:]
