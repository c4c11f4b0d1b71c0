"""Pulling: one read of Glance for all, nothing wrong to the end, nobody waits for the slow."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from http.client import HTTPConnection, HTTPException
from typing import Any
from uuid import uuid4

import pytest

from registry_glance.embedded.cloud import Cloud
from tests.api.client import Client
from tests.api.content import Pusher, digest, image
from tests.faults.behind import Behind, behind
from tests.faults.fault import DATA, Fault, Kind, answers
from tests.faults.near import chill, kept
from tests.faults.patience import until
from tests.faults.workers import holding

MIB = 1 << 20
READERS = 30
GETS = 2
#: curl's exit codes: less came than was announced; the status is an error's.
BROKEN_OFF, REFUSED = 18, 22


@pytest.fixture(scope="module")
def shared(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """A registry that reads Glance little at once, and knows only what it asks."""
    settings: dict[str, Any] = {
        "glance": {"gets": GETS, "timeout": 5, "retries": 2},
        "cache": {"staleness": 0},
    }
    with behind(cloud, tmp_path_factory.mktemp("reading"), **settings) as found:
        yield found


class Blob:
    """One that is in Glance and not near."""

    def __init__(self, place: Behind, size: int) -> None:
        self.data = os.urandom(size)
        pusher = Pusher(place.client, f"reading-{uuid4().hex[:8]}/app")
        upload = pusher.upload()
        self.row = upload.rpartition("/")[2]
        pusher.client("PUT", f"{upload}?digest={digest(self.data)}", self.data)
        self.path = pusher.path(f"blobs/{digest(self.data)}")
        self.partial = digest(self.data).replace(":", "-")
        chill(place)
        place.glance.forget()


def read(client: Client, blob: Blob) -> bool:
    """Whether a pull ended well; what it brought must be right."""
    try:
        answer = client("GET", blob.path)
    except (HTTPException, OSError):
        return False
    assert answer.status != 200 or answer.body == blob.data
    return answer.status == 200


@pytest.fixture
def readers(place: Behind) -> Iterator[Callable[[Blob], list[Future[bool]]]]:
    """Thirty that begin to read at once."""
    with ThreadPoolExecutor(READERS) as pool:
        yield lambda blob: [pool.submit(read, place.client, blob) for _ in range(READERS)]


def test_many_readers_cost_glance_one_read(
    place: Behind, readers: Callable[[Blob], list[Future[bool]]]
) -> None:
    blob = Blob(place, 64 * MIB)
    stall = place.glance.fail(Fault("GET", DATA, Kind.STALL, at=8 * MIB))
    running = readers(blob)
    assert until(lambda: len(holding(place.registry, blob.partial)) == 2), "one worker has all"
    stall.released.set()
    assert all(future.result() for future in running)
    assert len(place.glance.seen("GET", DATA)) == 1


def test_a_reader_takes_over_when_the_fetching_worker_is_killed(
    place: Behind, readers: Callable[[Blob], list[Future[bool]]]
) -> None:
    blob = Blob(place, 64 * MIB)
    stall = place.glance.fail(Fault("GET", DATA, Kind.STALL, at=8 * MIB, times=1))
    running = readers(blob)
    assert until(lambda: len(holding(place.registry, blob.partial)) == 2), "one worker has all"
    (fetching,) = holding(place.registry, blob.partial, locked=True)
    os.kill(fetching, signal.SIGKILL)
    finished = [future.result() for future in as_completed(running)]
    stall.released.set()
    assert any(finished)
    assert not all(finished)
    assert len(place.glance.seen("GET", DATA)) == 2
    assert until(lambda: read(place.client, blob))


@pytest.mark.parametrize("size", ["20MiB", "10GiB"], ids=["larger than the cache", "kept"])
def test_slow_readers_do_not_hold_glance(
    cloud: Cloud, tmp_path_factory: pytest.TempPathFactory, size: str
) -> None:
    settings: dict[str, Any] = {"cache": {"size": size}, "glance": {"gets": 1}}
    with behind(cloud, tmp_path_factory.mktemp("slow"), **settings) as place:
        blob = Blob(place, 64 * MIB)
        sockets = [place.client.connect() for _ in range(3)]
        for slow in sockets:
            slow.sendall(f"GET {blob.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert slow.recv(1)
        assert until(lambda: not place.glance.under_way("GET", DATA))
        assert read(place.client, blob)
        for slow in sockets:
            slow.close()


def test_wrong_bytes_in_glances_store_never_arrive_in_full(place: Behind, cloud: Cloud) -> None:
    blob = Blob(place, 3 * MIB)
    stored = cloud.state / "glance" / "images" / blob.row
    with stored.open("r+b") as file:
        file.seek(MIB)
        byte = file.read(1)[0]
        file.seek(MIB)
        file.write(bytes([byte ^ 1]))
    url = place.registry.url + blob.path
    for _ in range(2 * GETS + 1):
        curl = subprocess.run(["curl", "-fsS", "-o", "/dev/null", url], capture_output=True)
        assert curl.returncode in (BROKEN_OFF, REFUSED), curl.stderr
    assert f"corrupt: {3 * MIB} bytes" in place.registry.log
    assert not kept(place)


@pytest.mark.parametrize("size", [1000, 3 * MIB])
@pytest.mark.parametrize(
    "fault",
    [
        Fault("GET", DATA, flip=10, times=1),
        Fault("GET", DATA, Kind.CUT, at=900, times=1),
        Fault("GET", DATA, Kind.CUT, at=900, flip=10, times=1),
        Fault("GET", DATA, Kind.LOSE, times=1),
        Fault("GET", DATA, Kind.HANG, times=1),
        answers(401, "GET", DATA),
        answers(404, "GET", DATA),
        answers(500, "GET", DATA),
        answers(503, "GET", DATA),
    ],
    ids=lambda fault: f"{fault.kind.name}-{fault.status}-{fault.flip}",
)
def test_a_pull_is_right_or_broken_off(place: Behind, size: int, fault: Fault) -> None:
    blob = Blob(place, size)
    fault = place.glance.fail(Fault(**{**vars(fault), "times": 1}))
    read(place.client, blob)
    assert fault.reached.is_set()
    if fault.status != 404:
        assert read(place.client, blob)


@pytest.mark.parametrize("status", [500, 503, 403])
def test_an_error_of_glance_is_told_in_the_specifications_form(place: Behind, status: int) -> None:
    blob = Blob(place, 1000)
    place.glance.fail(answers(status, "GET", DATA))
    answer = place.client("GET", blob.path)
    told = (403, "DENIED") if status == 403 else (503, "UNAVAILABLE")
    assert (answer.status, answer.code) == told
    assert ("retry-after" in answer.headers) == (status != 403)
    place.glance.heal()
    assert read(place.client, blob)


def test_a_wrong_manifest_is_not_handed_out(place: Behind, pusher: Pusher) -> None:
    name = pusher.image("latest", unique=uuid4().hex)
    chill(place)
    place.glance.fail(Fault("GET", DATA, flip=3))
    answer = place.client("GET", pusher.path("manifests/latest"))
    assert (answer.status, answer.code) == (500, "CORRUPT")
    place.glance.heal()
    assert place.client("GET", pusher.path("manifests/latest"))["Docker-Content-Digest"] == name


def test_readers_who_follow_get_no_mixture(place: Behind) -> None:
    """The first fetch brings a wrong byte and breaks off, the second one is right."""
    blob = Blob(place, 8 * MIB)
    broken = Fault("GET", DATA, Kind.STALL, at=4 * MIB, flip=10, times=1)
    place.glance.fail(broken)
    with ThreadPoolExecutor(READERS) as pool:
        halves = list(pool.map(lambda _: Half(place, blob), range(READERS)))
        assert len(holding(place.registry, blob.partial)) == 2
        (fetching,) = holding(place.registry, blob.partial, locked=True)
        os.kill(fetching, signal.SIGKILL)
        assert not any(pool.map(Half.ends_well, halves))
    broken.released.set()
    assert until(lambda: read(place.client, blob))


def test_nobody_gets_wrong_bytes_to_the_end(
    place: Behind, readers: Callable[[Blob], list[Future[bool]]]
) -> None:
    blob = Blob(place, 8 * MIB)
    place.glance.fail(Fault("GET", DATA, flip=MIB))
    assert not any(future.result() for future in readers(blob))
    assert not kept(place)
    place.glance.heal()
    assert read(place.client, blob)


class Half:
    """A pull of which a part has come."""

    def __init__(self, place: Behind, blob: Blob) -> None:
        self._connection = HTTPConnection(place.registry.address, timeout=30)
        self._connection.request("GET", blob.path)
        self._answer = self._connection.getresponse()
        assert self._answer.read(MIB) != blob.data[:MIB]

    def ends_well(self) -> bool:
        """Whether the rest comes in full."""
        try:
            self._answer.read()
        except (HTTPException, OSError):
            return False
        finally:
            self._connection.close()
        return True


def test_a_push_while_readers_wait_is_not_slowed(place: Behind, pusher: Pusher) -> None:
    blob = Blob(place, 1000)
    hang = place.glance.fail(Fault("GET", DATA, Kind.HANG))
    with ThreadPoolExecutor(GETS + 2) as pool:
        waiting = [pool.submit(read, place.client, blob) for _ in range(GETS + 2)]
        assert hang.reached.wait(5)
        pusher.image("latest", image(unique=uuid4().hex))
        place.glance.heal()
        assert all(future.result() for future in waiting)
