"""Pushing while Glance fails: the client hears of it, and nothing half-written can be read."""

from __future__ import annotations

import os
import threading
import time

import pytest

from tests.api.client import Answer
from tests.api.content import CONFIG, Pusher, digest, image
from tests.faults.behind import Behind
from tests.faults.conftest import PIECE
from tests.faults.fault import ANY, CREATE, DATA, LIST, ROW, Fault, Kind, answers
from tests.faults.near import chill

SIZE = 3 * PIECE + 1000
#: What Glance answers -> status and code that a client is told. Others are tried at the door.
TOLD = {
    503: (503, "UNAVAILABLE"),
    403: (403, "DENIED"),
    413: (413, "SIZE_INVALID"),
    507: (507, "STORAGE_FULL"),
}
ALWAYS = 1 << 30
#: A manifest's push, call by call, as (method, path, how many to let pass).
STEPS = [
    ("POST", CREATE, 0),
    ("PUT", DATA, 0),
    ("GET", ROW, 0),
    ("POST", CREATE, 1),
    ("PUT", DATA, 1),
    ("GET", ROW, 1),
    ("PATCH", ROW, 0),
]


def push(pusher: Pusher, data: bytes) -> Answer:
    return pusher.client("PUT", f"{pusher.upload()}?digest={digest(data)}", data)


def pull(place: Behind, pusher: Pusher, data: bytes) -> bool:
    """Whether Glance, and not only the cache, has these very bytes."""
    chill(place)
    answer = pusher.client("GET", pusher.path(f"blobs/{digest(data)}"))
    return (answer.status, answer.body) == (200, data)


def refused(answer: Answer, status: int, code: str) -> None:
    """The answer has the specification's form, and says when to come again."""
    assert (answer.status, answer.code) == (status, code)
    assert answer.json["errors"][0]["message"]
    assert ("retry-after" in answer.headers) == (status == 503)


@pytest.mark.parametrize(
    ("status", "taken"),
    [(403, PIECE), (507, PIECE), (413, 0), (413, PIECE // 2), (413, PIECE)],
)
def test_a_refused_piece_is_told_by_its_reason(
    place: Behind, pusher: Pusher, status: int, taken: int
) -> None:
    data = os.urandom(SIZE)
    place.glance.fail(answers(status, "PUT", DATA, at=taken))
    refused(push(pusher, data), *TOLD[status])
    place.glance.heal()
    assert pusher.client("HEAD", pusher.path(f"blobs/{digest(data)}")).status == 404
    assert push(pusher, data).status == 201
    assert pull(place, pusher, data)


@pytest.mark.parametrize("status", TOLD)
def test_a_refused_row_is_told_by_its_reason(place: Behind, pusher: Pusher, status: int) -> None:
    data = os.urandom(1000)
    place.glance.fail(answers(status, "POST", CREATE, at=1 << 20))
    refused(push(pusher, data), *TOLD[status])
    place.glance.heal()
    assert push(pusher, data).status == 201


@pytest.mark.parametrize(
    "fault",
    [
        Fault("PUT", DATA, Kind.RESET, at=PIECE // 2, times=1),
        Fault("PUT", DATA, Kind.RESET, at=PIECE // 2, times=3),
        Fault("PUT", DATA, Kind.LOSE, times=1),
        Fault("PUT", DATA, spoil=PIECE // 2, times=1),
        Fault("PUT", DATA, Kind.HANG, at=PIECE // 2, times=1),
        Fault("PUT", DATA, Kind.ANSWER, status=500, times=2),
        Fault("PUT", DATA, Kind.ANSWER, status=401, times=1),
        Fault("PUT", DATA, Kind.ANSWER, at=PIECE // 2, status=401, times=1),
        Fault("PUT", DATA, Kind.ANSWER, at=PIECE, status=401, times=1),
        Fault("POST", CREATE, Kind.LOSE, times=1),
        Fault("POST", CREATE, Kind.ANSWER, status=503, at=1000, times=1),
        Fault("GET", ROW, Kind.LOSE, times=1),
        Fault("GET", LIST, Kind.LOSE, times=1),
    ],
    ids=lambda fault: f"{fault.method}-{fault.kind.name}-{fault.status}-{fault.at}-{fault.times}",
)
def test_what_fails_once_is_done_again(place: Behind, pusher: Pusher, fault: Fault) -> None:
    data = os.urandom(SIZE)
    place.glance.fail(fault)
    assert push(pusher, data).status == 201
    assert pull(place, pusher, data)


def test_an_outage_of_two_seconds_is_not_seen_by_clients(place: Behind, pusher: Pusher) -> None:
    data = os.urandom(SIZE)
    place.glance.fail(answers(503, "PUT", DATA, at=1 << 30))
    heal = threading.Timer(2, place.glance.heal)
    heal.start()
    assert push(pusher, data).status == 201
    heal.join()


def test_a_service_that_never_answers_is_given_up_in_time(place: Behind, pusher: Pusher) -> None:
    data = os.urandom(1000)
    place.glance.fail(Fault("", ANY, Kind.HANG))
    upload = pusher.upload()
    began = time.monotonic()
    refused(pusher.client("PUT", f"{upload}?digest={digest(data)}", data), 503, "UNAVAILABLE")
    assert time.monotonic() - began < 25


@pytest.mark.parametrize("status", [413, 403, 500])
def test_a_failed_push_leaves_no_rows_behind(place: Behind, pusher: Pusher, status: int) -> None:
    place.glance.fail(answers(status, "PUT", DATA, at=1 << 30))
    push(pusher, os.urandom(1000))
    made = [one for one in place.glance.seen("POST", CREATE) if one.status == 201]
    deleted = [one for one in place.glance.seen("DELETE", ROW) if one.status == 204]
    assert len(made) == len(deleted) > 0


@pytest.mark.parametrize(
    ("step", "kind", "often"),
    [
        *((step, kind, 1) for step in STEPS for kind in (Kind.ANSWER, Kind.LOSE)),
        *((step, Kind.ANSWER, ALWAYS) for step in (STEPS[1], STEPS[-1])),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_a_manifest_is_pushed_as_a_whole_or_not_at_all(
    place: Behind, pusher: Pusher, step: tuple[str, str, int], kind: Kind, often: int
) -> None:
    method, path, skip = step
    pusher.blob(CONFIG)
    body = image(CONFIG, unique=os.urandom(8).hex())
    place.glance.forget()
    place.glance.fail(Fault(method, path, kind, at=1 << 20, status=503, skip=skip, times=often))
    answer = pusher.put("latest", body)
    found = pusher.client("GET", pusher.path("manifests/latest"))
    place.glance.heal()
    if answer.status == 201:
        assert found.body == body
    else:
        refused(answer, 503, "UNAVAILABLE")
        after = pusher.client("GET", pusher.path("manifests/latest"))
        assert after.status == 404 or after.body == body
    assert pusher.put("latest", body).status == 201
    chill(place)
    assert pusher.client("GET", pusher.path("manifests/latest")).body == body


@pytest.mark.parametrize("thing", ["tag", "manifest", "blob"])
def test_what_could_not_be_deleted_is_not_said_to_be(
    place: Behind, pusher: Pusher, thing: str
) -> None:
    blob = pusher.blob(os.urandom(100))
    manifest = pusher.image("latest", unique=os.urandom(8).hex())
    path = {"tag": "manifests/latest", "manifest": f"manifests/{manifest}"}.get(thing)
    path = path or f"blobs/{blob}"
    place.glance.fail(answers(503, "DELETE", ROW))
    refused(pusher.client("DELETE", pusher.path(path)), 503, "UNAVAILABLE")
    place.glance.heal()
    assert pusher.client("GET", pusher.path(path)).status == 200
    assert pusher.client("DELETE", pusher.path(path)).status == 202
    assert pusher.client("GET", pusher.path(path)).status == 404


def test_everything_works_again_after_glance_was_away(place: Behind, pusher: Pusher) -> None:
    away = place.glance.fail(Fault("", ANY, Kind.RESET))
    data = os.urandom(SIZE)
    refused(push(pusher, data), 503, "UNAVAILABLE")
    assert away.reached.is_set()
    place.glance.heal()
    assert push(pusher, data).status == 201
    assert pull(place, pusher, data)
