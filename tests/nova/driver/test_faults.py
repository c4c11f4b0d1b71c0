"""The driver's parts beside an Engine that fails on demand."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from nova import exception

from nova_driver.docker.containers import Containers
from nova_driver.docker.engine import errors
from nova_driver.docker.engine.client import Engine
from nova_driver.docker.events import Events
from nova_driver.docker.faults import faults
from nova_driver.docker.images import Images
from nova_driver.docker.reference import Reference
from tests.nova.driver.host import wait
from tests.nova.engine.fake import Asked, FakeEngine, chunked, reply

UUID = "0c1d2e3f-0000-4000-8000-000000000001"
LABELS = {"org.openstack.nova.host": "here", "org.openstack.nova.instance": UUID}
STATE = {"Status": "exited", "Running": False, "ExitCode": 0, "StartedAt": "2026-01-01T00:00:00Z"}
CONTAINER = {
    **{"Id": "abc", "Image": "sha256:1", "Config": {"Labels": LABELS}, "State": STATE},
    **{"NetworkSettings": {"SandboxKey": ""}, "ResolvConfPath": "", "Mounts": []},
}
REFERENCE = Reference("127.0.0.1:5042", "app", "sha256:" + "1" * 64, "app:latest")
#: Where the registry is asked whether somebody may have it.
CHECK = f"/distribution/{REFERENCE.immutable}/json"
TOKEN = "gAAAAABsecret"


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeEngine]:
    server = FakeEngine(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def containers(fake: FakeEngine) -> Containers:
    return Containers(Engine(fake.host_url, 5), "here", 0.5)


@pytest.fixture
def images(fake: FakeEngine) -> Images:
    return Images(Engine(fake.host_url, 5), 5)


def test_a_removal_by_somebody_else_is_waited_for(fake: FakeEngine, containers: Containers) -> None:
    looks = iter([CONTAINER, CONTAINER])

    def answer(asked: Asked) -> bytes:
        if asked.method == "DELETE":
            return reply(409, {"message": "removal in progress"})
        return reply(200, found) if (found := next(looks, None)) else reply(404)

    fake.answer = answer
    containers.remove(UUID)
    assert [asked.method for asked in fake.asked] == ["GET", "DELETE", "GET", "GET"]


def test_a_removal_without_an_end_fails(fake: FakeEngine, containers: Containers) -> None:
    fake.answer = lambda asked: reply(200, CONTAINER) if asked.method == "GET" else reply(409)
    with pytest.raises(errors.Conflict):
        containers.remove(UUID)


@pytest.mark.parametrize(("seconds", "told"), [(-1, "0"), (0, "0"), (60, "60"), (10**11, "3600")])
def test_no_end_is_waited_for_without_end(
    fake: FakeEngine, containers: Containers, seconds: int, told: str
) -> None:
    fake.answer = lambda call: reply(200, CONTAINER) if call.method == "GET" else reply(204)
    containers.stop(UUID, seconds)
    assert fake.asked[-1].path == "/containers/abc/stop"
    assert fake.asked[-1].query == {"t": told}


@pytest.mark.parametrize("status", [401, 403, 404])
def test_nothing_is_pulled_for_whom_the_registry_refuses(
    fake: FakeEngine, images: Images, status: int
) -> None:
    fake.answer = lambda _: reply(status, {"message": "no"})
    with pytest.raises((errors.Denied, errors.Absent)):
        images.pull(REFERENCE, TOKEN)
    (asked,) = fake.asked
    assert asked.path == CHECK
    sent = json.loads(base64.urlsafe_b64decode(asked.headers["X-Registry-Auth"]))
    assert sent == {"registrytoken": TOKEN}


def test_a_pull_that_fails_on_its_way_says_so(fake: FakeEngine, images: Images) -> None:
    steps = b'{"status": "Pulling"}\r\n{"errorDetail": {"message": "x"}, "error": "no space"}\r\n'
    answers = {"/images/create": chunked(steps), CHECK: reply(200, {})}
    fake.answer = lambda asked: answers.get(asked.path, reply(404))
    with pytest.raises(errors.Failed, match="no space"):
        images.pull(REFERENCE, None)
    assert all("X-Registry-Auth" not in asked.headers for asked in fake.asked)


def test_an_image_that_is_here_is_asked_for_and_not_pulled(
    fake: FakeEngine, images: Images
) -> None:
    fake.answer = lambda _: reply(200, {"Id": "sha256:1"})
    assert images.fetch(REFERENCE, TOKEN) == "sha256:1"
    paths = [asked.path for asked in fake.asked]
    assert paths[0] == CHECK
    assert "/images/create" not in paths


def test_an_echoed_token_is_in_no_message(fake: FakeEngine, images: Images) -> None:
    fake.answer = lambda _: reply(500, {"message": f"Bearer {TOKEN}"})
    with pytest.raises(errors.Failed) as raised:
        images.pull(REFERENCE, TOKEN)
    assert TOKEN not in str(raised.value)
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("answer", ["at once", "in a stream"])
def test_a_token_is_not_shown_in_part(fake: FakeEngine, images: Images, answer: str) -> None:
    """It lies across the end of what is shown."""
    words = "x" * (errors.LONGEST - len(TOKEN) // 2) + TOKEN
    stream = chunked(json.dumps({"error": words}).encode())
    answers = {"/images/create": stream, CHECK: reply(200, {})}
    if answer == "at once":
        answers[CHECK] = reply(500, {"message": words})
    fake.answer = lambda asked: answers.get(asked.path, reply(404))
    with pytest.raises(errors.Failed) as raised:
        images.pull(REFERENCE, TOKEN)
    assert TOKEN[:4] not in str(raised.value)


def test_long_words_are_cut() -> None:
    shown = str(errors.error(500, "x" * 10_000))
    assert shown == "x" * errors.LONGEST + " (status 500)"


PUSHED = "sha256:" + "2" * 64
#: What the Engine says last of a push: its own image store, containerd's, and that for one platform
ENDS = {
    "a digest": {"aux": {"Tag": "latest", "Digest": PUSHED, "Size": 1}},
    "a status": {"status": f"latest: digest: {PUSHED} size: 1"},
    "a choice": {
        "aux": {"manifestPushedInsteadOfIndex": True, "selectedManifest": {"digest": PUSHED}}
    },
}


@pytest.mark.parametrize("end", ENDS)
def test_what_was_pushed_is_what_the_registry_says(
    fake: FakeEngine, images: Images, end: str
) -> None:
    stream = chunked(b'{"status": "Pushing"}\r\n' + json.dumps(ENDS[end]).encode())
    said = {"Descriptor": {"digest": PUSHED}}
    fake.answer = lambda call: stream if call.path.endswith("/push") else reply(200, said)
    images.push("nova-server:a", "127.0.0.1:5042/glance/x", TOKEN)
    assert images.digest("127.0.0.1:5042/glance/x", TOKEN) == PUSHED
    tagged, pushed, asked = fake.asked
    assert tagged.query == {"repo": "127.0.0.1:5042/glance/x", "tag": "latest"}
    assert pushed.path == "/images/127.0.0.1:5042/glance/x/push"
    assert asked.path == "/distribution/127.0.0.1:5042/glance/x:latest/json"
    for call in (pushed, asked):
        sent = json.loads(base64.urlsafe_b64decode(call.headers["X-Registry-Auth"]))
        assert sent == {"registrytoken": TOKEN}


@pytest.mark.parametrize("said", [{}, {"Descriptor": {}}, {"Descriptor": {"digest": "latest"}}])
def test_a_push_without_a_digest_is_none(
    fake: FakeEngine, images: Images, said: dict[str, object]
) -> None:
    fake.answer = lambda _: reply(200, said)
    with pytest.raises(errors.Garbled):
        images.digest("127.0.0.1:5042/glance/x", TOKEN)


BUSY = reply(500, {"message": "received unexpected HTTP status: 503 Service Unavailable"})


def test_a_registry_that_examines_an_image_is_asked_again(
    fake: FakeEngine, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nova_driver.docker.images.PAUSE", 0.01)
    answers = iter([BUSY, BUSY, reply(200, {"Descriptor": {"digest": PUSHED}})])
    fake.answer = lambda _: next(answers)
    assert images.examined("127.0.0.1:5042/glance/x", TOKEN) == PUSHED
    assert len(fake.asked) == 3


def test_a_registry_is_not_asked_without_end(fake: FakeEngine) -> None:
    fake.answer = lambda _: BUSY
    with pytest.raises(errors.Failed, match="503"):
        Images(Engine(fake.host_url, 5), 0.5).examined("127.0.0.1:5042/glance/x", None)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_cannot_be_pulled_is_said_at_once_in_the_registrys_words(
    fake: FakeEngine, images: Images, status: int
) -> None:
    fake.answer = lambda _: reply(status, {"message": "cut short"})
    with pytest.raises((errors.Denied, errors.Absent), match="cut short"):
        images.examined("127.0.0.1:5042/glance/x", TOKEN)
    assert len(fake.asked) == 1


@pytest.mark.parametrize("line", [b'{"Action": "die"}\n', b"<html>\n", b""])
def test_odd_events_do_not_end_the_listening(
    fake: FakeEngine, containers: Containers, line: bytes
) -> None:
    fake.answer = lambda asked: chunked(line) if asked.path == "/events" else reply(200, [])
    events = Events(Engine(fake.host_url, 5), containers, "here", lambda *_: None)
    events.start()
    try:
        wait(lambda: [asked.path for asked in fake.asked].count("/events") >= 2, "a second try")
    finally:
        events.stop()


NOVA = {
    errors.Refused: exception.InvalidInput,
    errors.Denied: exception.InternalError,
    errors.Conflict: exception.InternalError,
    errors.Failed: exception.InternalError,
    errors.Unavailable: exception.HypervisorUnavailable,
    errors.Garbled: exception.InternalError,
    errors.Incompatible: exception.InternalError,
    errors.Absent: exception.InstanceNotFound,
}


@pytest.mark.parametrize("kind", NOVA, ids=lambda kind: kind.__name__)
def test_nova_hears_in_its_own_words(kind: type[errors.EngineError]) -> None:
    with pytest.raises(NOVA[kind]), faults(SimpleNamespace(uuid=UUID)):
        raise kind("words")


def test_an_image_that_vanishes_is_no_server_that_vanished() -> None:
    with pytest.raises(exception.InternalError), faults():
        raise errors.Absent("words")
