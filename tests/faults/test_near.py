"""What is kept near: bounded, lasting, and never believed for longer than it may be."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from registry_glance.embedded.cloud import Cloud
from tests.api.content import CONFIG, Pusher, digest, image
from tests.faults.behind import Behind, behind
from tests.faults.fault import DATA
from tests.faults.near import chill, folder, kept
from tests.faults.workers import workers

MIB = 1 << 20
LIMIT = 16 * MIB
STALENESS = 1
CONNECTIONS = 16


@pytest.fixture(scope="module")
def shared(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """A registry with a small cache, which believes what it knows for long."""
    settings: dict[str, Any] = {"cache": {"size": LIMIT, "staleness": 300}}
    with behind(cloud, tmp_path_factory.mktemp("near"), **settings) as found:
        yield found


def used(place: Behind) -> int:
    return sum(path.stat().st_size for path in kept(place))


def test_the_cache_stays_below_its_limit(place: Behind, pusher: Pusher) -> None:
    blobs = [os.urandom(MIB) for _ in range(40)]
    for blob in blobs:
        pusher.blob(blob)
        assert used(place) <= LIMIT + 2 * MIB
    for blob in blobs:
        assert pusher.client("GET", pusher.path(f"blobs/{digest(blob)}")).body == blob
        assert used(place) <= LIMIT + 2 * MIB


def test_what_was_not_used_for_longest_goes_first(place: Behind, pusher: Pusher) -> None:
    chill(place)
    blobs = [os.urandom(MIB) for _ in range(12)]
    for age, blob in enumerate(blobs):
        pusher.blob(blob)
        then = time.time() - 10_000 + age
        os.utime(_file(place, blob), (then, then))
    used_again = blobs[0]
    assert pusher.client("GET", pusher.path(f"blobs/{digest(used_again)}")).body == used_again
    for _ in range(8):
        pusher.blob(os.urandom(MIB))
    assert _file(place, used_again).exists()
    assert not _file(place, blobs[1]).exists()
    assert _file(place, blobs[-1]).exists()


def test_a_blob_larger_than_the_cache_is_served(place: Behind, pusher: Pusher) -> None:
    blob = os.urandom(LIMIT + 5 * MIB)
    pusher.blob(blob)
    chill(place)
    path = pusher.path(f"blobs/{digest(blob)}")
    assert pusher.client("GET", path).body == blob
    part = pusher.client("GET", path, Range=f"bytes={LIMIT - 10}-{LIMIT + 9}")
    assert (part.status, part.body) == (206, blob[LIMIT - 10 : LIMIT + 10])
    assert used(place) <= LIMIT


def test_the_cache_survives_a_restart(place: Behind, pusher: Pusher) -> None:
    chill(place)
    blob = os.urandom(MIB)
    pusher.blob(CONFIG)
    pusher.blob(blob)
    pusher.manifest(image(blob), "latest")
    for restart in (place.registry.stop, place.registry.kill):
        restart()
        place.registry.start()
        place.glance.forget()
        assert pusher.client("GET", pusher.path(f"blobs/{digest(blob)}")).body == blob
        assert pusher.client("GET", pusher.path("manifests/latest")).body == image(blob)
        assert not place.glance.seen("GET", DATA)


def test_a_write_is_seen_by_all_workers_at_once(place: Behind, pusher: Pusher) -> None:
    assert len(workers(place.registry)) == 2
    pusher.blob(CONFIG)
    path = pusher.path("manifests/latest")
    with ThreadPoolExecutor(CONNECTIONS) as pool:

        def look(path: str) -> set[bytes | int]:
            answers = pool.map(lambda _: pusher.client("GET", path), range(CONNECTIONS))
            return {one.body if one.status == 200 else one.status for one in answers}

        for number in range(5):
            body = image(CONFIG, number=number, unique=uuid4().hex)
            pusher.manifest(body, "latest")
            assert look(path) == {body}
            assert pusher.client("DELETE", pusher.path(f"manifests/{digest(body)}")).status == 202
            assert look(path) == {404}
            assert look(pusher.path(f"manifests/{digest(body)}")) == {404}
            blob = os.urandom(100)
            pusher.blob(blob)
            assert look(pusher.path(f"blobs/{digest(blob)}")) == {blob}
            pusher.client("DELETE", pusher.path(f"blobs/{digest(blob)}"))
            assert look(pusher.path(f"blobs/{digest(blob)}")) == {404}
            pusher.blob(blob)
            assert look(pusher.path(f"blobs/{digest(blob)}")) == {blob}


def test_a_write_is_seen_by_another_replica_soon(
    cloud: Cloud, place: Behind, pusher: Pusher, tmp_path: Path
) -> None:
    with behind(cloud, tmp_path, cache={"staleness": STALENESS}) as replica:
        blob = os.urandom(100)
        pusher.blob(blob)
        pusher.blob(CONFIG)
        first = image(CONFIG, unique=uuid4().hex)
        pusher.manifest(first, "latest")
        tag, path = pusher.path("manifests/latest"), pusher.path(f"blobs/{digest(blob)}")
        assert replica.client("GET", tag).body == first
        assert replica.client("GET", path).body == blob
        second = image(CONFIG, unique=uuid4().hex)
        pusher.manifest(second, "latest")
        pusher.client("DELETE", path)
        time.sleep(STALENESS + 0.1)
        assert replica.client("GET", tag).body == second
        assert replica.client("GET", path).status == 404


def _file(place: Behind, blob: bytes) -> Path:
    name = digest(blob).removeprefix("sha256:")
    return next(folder(place).glob(f"*/sha256/{name[:2]}/{name}"), folder(place) / "nowhere")
