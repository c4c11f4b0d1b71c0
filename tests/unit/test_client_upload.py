"""Uploads to registries that answer in ways they should not; each is a real server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry_glance.client.errors import Refusal, Unreachable, Untrue
from registry_glance.client.unfinished import Unfinished
from registry_glance.client.upload import Lost, Unreadable, Upload
from registry_glance.oci.digest import Digest
from tests.unit.test_client_connection import APP, Asked, Plan, Server, Told, registry

DATA = bytes(range(250)) * 4
DIGEST = Digest.of(DATA)
PLACE = "/v2/app/blobs/uploads/1"
PIECE = 300


@pytest.fixture
def serve() -> Iterator[Callable[[Plan], Server]]:
    servers: list[Server] = []

    def start(plan: Plan) -> Server:
        servers.append(Server(plan))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


class Shelf:
    """A registry's side of one upload; `odd` answers in its place, as long as it does."""

    def __init__(self, odd: Callable[[Asked], Told | None]) -> None:
        self.data = b""
        self.odd = odd
        self.begun = 0

    def __call__(self, asked: Asked) -> Told:
        told = self.odd(asked)
        if told is not None:
            return told
        match asked.method:
            case "HEAD":
                return Told(404, {})
            case "POST":
                self.begun += 1
                self.data = b""
                return Told(202, {"Location": PLACE})
            case "PATCH":
                return self._patch(asked)
            case "PUT":
                right = Digest.of(self.data) == DIGEST
                body = b'{"errors": [{"code": "DIGEST_INVALID"}]}'
                return Told(201, {}) if right else Told(400, {}, body)
        return self.progress(204)

    def progress(self, status: int) -> Told:
        return Told(status, {"Location": PLACE, "Range": f"0-{max(0, len(self.data) - 1)}"})

    def _patch(self, asked: Asked) -> Told:
        start = int(asked.headers["Content-Range"].partition("-")[0])
        if start != len(self.data):
            return self.progress(416)
        self.data += asked.body
        return self.progress(202)


def send(address: str, folder: Path, data: bytes = DATA, pauses: list[float] | None = None) -> None:
    client = registry(address, pauses=pauses)
    upload = Upload(
        client, APP, DIGEST, len(DATA), lambda start: iter([data[start:]]), PIECE, lambda _: None
    )
    with Unfinished(folder).note(client.name, APP, DIGEST) as note:
        upload.run(note)


def once(told: Told, method: str) -> Callable[[Asked], Told | None]:
    """An answer to the first request of a method."""
    left = [told]
    return lambda asked: left.pop() if asked.method == method and left else None


@pytest.mark.parametrize(
    "odd",
    [
        lambda asked: None,
        once(Told(503, {"Retry-After": "3"}), "PATCH"),
        once(Told(416, {"Location": PLACE, "Range": "0-0"}), "PATCH"),
        once(Told(404, {}), "PATCH"),
        once(Told(500, {}), "PUT"),
        once(Told(404, {}), "PUT"),
        once(Told(202, {"Location": PLACE, "Range": "0-0"}), "PATCH"),
        once(Told(202, {"Location": PLACE, "Range": "0-99999"}), "PATCH"),
    ],
    ids=["none", "503", "416", "404", "500 at the end", "404 at the end", "nothing", "too much"],
)
def test_one_odd_answer_is_got_over(
    serve: Callable[[Plan], Server], tmp_path: Path, odd: Callable[[Asked], Told | None]
) -> None:
    shelf = Shelf(odd)
    send(serve(shelf).address, tmp_path)
    assert shelf.data == DATA
    assert not list(tmp_path.iterdir())


def test_a_wait_is_as_long_as_the_registry_says(
    serve: Callable[[Plan], Server], tmp_path: Path
) -> None:
    pauses: list[float] = []
    shelf = Shelf(once(Told(503, {"Retry-After": "3"}), "PATCH"))
    send(serve(shelf).address, tmp_path, pauses=pauses)
    assert pauses == [3]


@pytest.mark.parametrize(
    ("told", "error"),
    [
        (Told(202, {"Location": PLACE, "Range": "0-0"}), Unreachable),
        (Told(202, {"Location": PLACE, "Range": "0-99999"}), Lost),
        (Told(503, {}), Refusal),
        (Told(404, {}), Lost),
        (Told(413, {}), Refusal),
        (Told(416, {}), Lost),
        (Told(307, {"Location": PLACE}), Refusal),
    ],
)
def test_what_is_always_odd_ends(
    serve: Callable[[Plan], Server], tmp_path: Path, told: Told, error: type[Exception]
) -> None:
    server = serve(Shelf(lambda asked: told if asked.method == "PATCH" else None))
    with pytest.raises(error):
        send(server.address, tmp_path)
    assert len(server.asked) < 40


def test_a_registry_that_forgets_again_and_again_is_left(
    serve: Callable[[Plan], Server], tmp_path: Path
) -> None:
    shelf = Shelf(lambda asked: None)

    def forget(asked: Asked) -> Told | None:
        if asked.method == "PATCH" and re.match("6", asked.headers["Content-Range"]):
            shelf.data = b""
            return Told(503, {})
        return None

    shelf.odd = forget
    server = serve(shelf)
    with pytest.raises(Refusal):
        send(server.address, tmp_path)
    assert len(server.asked) < 60


def test_other_bytes_than_the_digests_are_not_remembered(
    serve: Callable[[Plan], Server], tmp_path: Path
) -> None:
    shelf = Shelf(lambda asked: None)
    with pytest.raises(Untrue):
        send(serve(shelf).address, tmp_path, DATA[:-1] + b"x")
    assert not list(tmp_path.iterdir())


def test_fewer_bytes_than_the_manifest_says_are_an_error(
    serve: Callable[[Plan], Server], tmp_path: Path
) -> None:
    with pytest.raises(Untrue, match="shorter"):
        send(serve(Shelf(lambda asked: None)).address, tmp_path, DATA[:-1])


def test_a_file_that_is_gone_is_not_the_registrys_fault(
    serve: Callable[[Plan], Server], tmp_path: Path
) -> None:
    def gone(start: int) -> Iterator[bytes]:
        with (tmp_path / "gone").open("rb") as file:
            yield file.read()

    client = registry(serve(Shelf(lambda asked: None)).address)
    upload = Upload(client, APP, DIGEST, len(DATA), gone, PIECE, lambda _: None)
    with (
        pytest.raises(Unreadable, match="gone: No such file"),
        Unfinished(tmp_path / "notes").note(client.name, APP, DIGEST) as note,
    ):
        upload.run(note)


def test_what_others_have_put_into_an_upload_is_sent_anew(
    serve: Callable[[Plan], Server], tmp_path: Path
) -> None:
    shelf = Shelf(lambda asked: None)
    server = serve(shelf)
    with Unfinished(tmp_path).note(server.address, APP, DIGEST) as note:
        note.keep(f"http://{server.address}{PLACE}")
    shelf.data = b"something else"
    send(server.address, tmp_path)
    assert (shelf.data, shelf.begun) == (DATA, 1)
