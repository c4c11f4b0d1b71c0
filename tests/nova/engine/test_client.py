"""The client of the Docker Engine, whatever the Engine does."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nova_driver.docker.engine.client import Engine, agreed
from nova_driver.docker.engine.errors import (
    Absent,
    Conflict,
    Denied,
    EngineError,
    Failed,
    Garbled,
    Incompatible,
    Refused,
    Unavailable,
)
from tests.nova.engine.fake import FakeEngine, chunked, reply

STATUSES = {
    400: Refused,
    401: Denied,
    403: Denied,
    404: Absent,
    409: Conflict,
    418: Failed,
    500: Failed,
    501: Failed,
    503: Unavailable,
}


@pytest.mark.parametrize("status", STATUSES)
def test_the_status_tells_what_went_wrong(engine: Engine, fake: FakeEngine, status: int) -> None:
    fake.answer = lambda _: reply(status, {"message": "in\nplain words"})
    with pytest.raises(EngineError, match=rf"^in plain words \(status {status}\)$") as raised:
        engine.get("/containers/x/json")
    assert type(raised.value) is STATUSES[status]


@pytest.mark.parametrize("body", [None, [], "text", {"message": None}, {"other": 1}])
def test_an_error_needs_no_words(engine: Engine, fake: FakeEngine, body: object) -> None:
    fake.answer = lambda _: reply(409, body)
    with pytest.raises(Conflict):
        engine.post("/containers/x/pause")


def test_words_are_cut(engine: Engine, fake: FakeEngine) -> None:
    fake.answer = lambda _: reply(500, {"message": "w" * 100_000})
    with pytest.raises(Failed) as raised:
        engine.get("/info")
    assert len(str(raised.value)) < 600


GARBAGE = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "no JSON": b"HTTP/1.1 200 x\r\nContent-Length: 6\r\n\r\n<html>",
    "no UTF-8": b'HTTP/1.1 200 x\r\nContent-Length: 3\r\n\r\n"\xff"',
    "status that is none": b"HTTP/1.1 abc x\r\n\r\n",
    "endless header": b"HTTP/1.1 200 x\r\nA: " + b"a" * 100_000,
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_is_no_answer(engine: Engine, fake: FakeEngine, kind: str) -> None:
    fake.answer = lambda _: GARBAGE[kind]
    with pytest.raises(Garbled):
        engine.get("/info")


BROKEN = {
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 x\r\nContent-Le",
    "half a body": b"HTTP/1.1 200 x\r\nContent-Length: 100\r\n\r\n{",
    "chunks without an end": chunked(b"{", ends=False),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_dropped_connection_is_noticed(engine: Engine, fake: FakeEngine, kind: str) -> None:
    fake.answer = lambda _: BROKEN[kind]
    with pytest.raises((Unavailable, Garbled)):
        engine.get("/info")


def test_a_slow_engine_is_not_waited_for(engine: Engine, fake: FakeEngine) -> None:
    def never(_: object) -> bytes:
        fake.released.wait(30)
        return b""

    fake.answer = never
    with pytest.raises(Unavailable, match="in time"):
        engine.get("/info")


def test_stopping_may_take_its_time(engine: Engine, fake: FakeEngine) -> None:
    slow = threading.Event()

    def late(_: object) -> bytes:
        slow.wait(1)
        return reply(204)

    fake.answer = late
    assert engine.post("/containers/x/stop", patience=20, t=20) is None


def test_no_engine_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        Engine(f"unix://{tmp_path}/absent.sock", 1).get("/info")


@pytest.mark.parametrize("url", ["", "tcp://127.0.0.1:2375", "unix://", "unix://relative", "/x"])
def test_only_a_unix_socket_will_do(url: str) -> None:
    with pytest.raises(ValueError, match="unix:///path"):
        Engine(url, 1)


def test_being_there_already_is_no_error(engine: Engine, fake: FakeEngine) -> None:
    fake.answer = lambda _: b"HTTP/1.1 304 x\r\n\r\n"
    assert engine.post("/containers/x/start") is None


def test_a_request_is_as_the_engine_reads_it(engine: Engine, fake: FakeEngine) -> None:
    fake.answer = lambda _: reply(201, {"Id": "abc"})
    assert engine.post("/x y?z/ä", {"a": 1}, all=True, t=3, filters={"label": ["a=b&c"]}) == {
        "Id": "abc"
    }
    (asked,) = fake.asked
    assert (asked.method, asked.path) == ("POST", "/x%20y%3Fz/%C3%A4")
    assert asked.query == {"all": "1", "t": "3", "filters": '{"label": ["a=b&c"]}'}
    assert json.loads(asked.body) == {"a": 1}


# Versions

AGREED = {
    ("1.41", "1.12"): (1, 41),
    ("1.50", "1.24"): (1, 50),
    ("1.52", "1.44"): (1, 52),
    ("1.99", "1.44"): (1, 52),
}


@pytest.mark.parametrize(("newest", "oldest"), AGREED)
def test_the_newest_version_both_know_is_spoken(newest: str, oldest: str) -> None:
    version = agreed({"ApiVersion": newest, "MinAPIVersion": oldest})
    assert version == AGREED[newest, oldest]


@pytest.mark.parametrize(("newest", "oldest"), [("1.40", "1.12"), ("1.90", "1.53")])
def test_engines_of_other_ages_are_refused(newest: str, oldest: str) -> None:
    with pytest.raises(Incompatible, match=r"1\.41 to 1\.52"):
        agreed({"ApiVersion": newest, "MinAPIVersion": oldest})


@pytest.mark.parametrize("greeting", [None, [], "1.41", {}, {"ApiVersion": 1.41}])
def test_who_tells_no_version_is_no_engine(greeting: object) -> None:
    with pytest.raises(Garbled):
        agreed(greeting)


def test_the_version_is_asked_for_once(engine: Engine, fake: FakeEngine) -> None:
    fake.greeting = {"ApiVersion": "1.45", "MinAPIVersion": "1.24"}
    fake.answer = lambda _: reply(200, {})
    engine.get("/info")
    fake.greeting = None
    engine.get("/info")
    assert [asked.version for asked in fake.asked] == ["1.45", "1.45"]


def test_an_engine_may_come_back_as_another(engine: Engine, fake: FakeEngine) -> None:
    fake.answer = lambda _: b""
    with pytest.raises(Unavailable):
        engine.get("/info")
    fake.greeting = {"ApiVersion": "1.50", "MinAPIVersion": "1.24"}
    fake.answer = lambda _: reply(200, {})
    engine.get("/info")
    assert [asked.version for asked in fake.asked] == ["1.41", "1.50"]


# Streams


def objects(engine: Engine) -> list[Any]:
    with engine.stream("GET", "/events", timeout=0.5) as stream:
        return list(stream.objects())


def frames(engine: Engine) -> list[bytes]:
    with engine.stream("GET", "/containers/x/logs", timeout=0.5) as stream:
        return list(stream.frames())


def test_objects_come_one_a_line(engine: Engine, fake: FakeEngine) -> None:
    fake.answer = lambda _: chunked(b'{"a": 1}\r\n{"b"', b": 2}\n\r\n")
    assert objects(engine) == [{"a": 1}, {"b": 2}]


def test_frames_come_as_they_were_written(engine: Engine, fake: FakeEngine) -> None:
    out, err = b"\1\0\0\0\0\0\0\3out", b"\2\0\0\0\0\0\0\4err\n"
    fake.answer = lambda _: chunked(out[:5], out[5:] + err[:9], err[9:])
    assert frames(engine) == [b"out", b"err\n"]


TORN: dict[str, tuple[Callable[[Engine], Any], bytes, type[EngineError]]] = {
    "objects that break off": (objects, chunked(b'{"a": 1}\n', ends=False), Unavailable),
    "lines that are no objects": (objects, chunked(b"[1]\n"), Garbled),
    "lines that are no JSON": (objects, chunked(b"<html>\n"), Garbled),
    "a line without an end": (objects, chunked(b"1" * (1 << 20) + b"1\n"), Garbled),
    "a frame that breaks off": (frames, chunked(b"\1\0\0\0\0\0\0\3ou"), Unavailable),
    "half a header": (frames, chunked(b"\1\0\0"), Unavailable),
    "another stream": (frames, chunked(b"\7\0\0\0\0\0\0\3out"), Garbled),
    "a frame too long": (frames, chunked(b"\1\0\0\0\xff\xff\xff\xff"), Garbled),
}


@pytest.mark.parametrize("kind", TORN)
def test_a_torn_stream_is_noticed(engine: Engine, fake: FakeEngine, kind: str) -> None:
    read, answer, error = TORN[kind]
    fake.answer = lambda _: answer
    with pytest.raises(error):
        read(engine)


def test_a_stream_can_be_ended_from_outside(engine: Engine, fake: FakeEngine) -> None:
    began = threading.Event()
    ended: list[EngineError] = []

    def answer(_: object) -> bytes:
        return chunked(b'{"a": 1}\n', ends=False)

    def listen() -> None:
        try:
            with engine.stream("GET", "/events", timeout=None) as stream:
                streams.append(stream)
                began.set()
                list(stream.objects())
        except EngineError as error:
            ended.append(error)

    streams: list[Any] = []
    fake.answer = answer
    thread = threading.Thread(target=listen)
    thread.start()
    assert began.wait(10)
    streams[0].abort()
    thread.join(10)
    assert not thread.is_alive()
    assert isinstance(ended[0], Unavailable)
