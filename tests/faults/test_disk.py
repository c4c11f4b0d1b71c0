"""A full disk: a clear error, and the registry goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from registry_glance.embedded.cloud import Cloud
from tests.api.client import Answer
from tests.api.content import Pusher, digest, image
from tests.faults.behind import Behind, behind

MIB = 1 << 20
ROOM = 16 * MIB
#: What a client may be told.
TOLD = {(507, "STORAGE_FULL"), (503, "UNAVAILABLE")}


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system of 16 MiB."""
    folder = tmp_path_factory.mktemp("disk") / "state"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small file system can be mounted by root only")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="module")
def shared(
    cloud: Cloud, small_disk: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Behind]:
    """A registry whose state lies there."""
    cache = {"staleness": 0, "size": 4 * MIB}
    settings: dict[str, Any] = {"state": str(small_disk), "cache": cache}
    with behind(cloud, tmp_path_factory.mktemp("small"), **settings) as found:
        yield found


@pytest.fixture
def full(small_disk: Path) -> Iterator[Path]:
    """The disk without a free byte."""
    filler = small_disk / "filler"
    fill(filler)
    yield filler
    filler.unlink(missing_ok=True)


def fill(filler: Path) -> None:
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


def refused(answer: Answer) -> None:
    assert (answer.status, answer.code) in TOLD
    assert answer.json["errors"][0]["message"]


def test_a_blob_larger_than_the_disk_is_refused(pusher: Pusher) -> None:
    blob = os.urandom(2 * ROOM)
    refused(pusher.client("PUT", f"{pusher.upload()}?digest={digest(blob)}", blob))
    small = os.urandom(MIB)
    pusher.blob(small)
    assert pusher.client("GET", pusher.path(f"blobs/{digest(small)}")).body == small


def test_a_full_disk_is_told_and_got_over(pusher: Pusher, full: Path) -> None:
    blob = os.urandom(MIB)
    started = pusher.client("POST", pusher.path("blobs/uploads/"))
    if started.status != 202:
        refused(started)
    refused(pusher.client("POST", pusher.path(f"blobs/uploads/?digest={digest(blob)}"), blob))
    full.unlink()
    pusher.blob(blob)
    assert pusher.client("GET", pusher.path(f"blobs/{digest(blob)}")).body == blob


@pytest.mark.parametrize("size", [MIB, 5 * MIB], ids=["small", "larger than the cache"])
def test_reading_waits_for_room(pusher: Pusher, full: Path, size: int) -> None:
    full.unlink()
    blob = os.urandom(size)
    pusher.blob(blob)
    for path in (full.parent / "cache" / "blobs").glob("*/*/*/*"):
        path.unlink()
    fill(full)
    where = pusher.path(f"blobs/{digest(blob)}")
    refused(pusher.client("GET", where))
    full.unlink()
    assert pusher.client("GET", where).body == blob


def test_manifests_need_no_disk(pusher: Pusher, full: Path) -> None:
    full.unlink()
    blob = os.urandom(MIB)
    pusher.image("latest", blob, unique=uuid4().hex)
    body = image(blob, unique=uuid4().hex)
    fill(full)
    assert pusher.client("GET", pusher.path("manifests/latest")).status == 200
    for number in range(16):
        assert pusher.put(f"v{number}", body).status == 201
    assert pusher.put("latest", body).status == 201
    assert pusher.client("GET", pusher.path("manifests/latest")).body == body
    assert pusher.client("DELETE", pusher.path("manifests/latest")).status == 202
