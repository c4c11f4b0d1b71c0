"""kill -9 at the worst of moments."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from random import Random

import pytest

from registry_glance.glance.client import Glance
from tests.api.client import Client
from tests.api.content import digest
from tests.crashes.conftest import DEATHS, Victims
from tests.crashes.image import Image, Refused, put_manifest, try_push, walk
from tests.faults.fault import CREATE, DATA, ROW, Fault, Kind
from tests.faults.patience import until

#: The calls to Glance of one manifest's push: which of them is the last before the end.
CALLS = [
    ("POST", CREATE, 0),
    ("PUT", DATA, 0),
    ("GET", ROW, 0),
    ("POST", CREATE, 1),
    ("PUT", DATA, 1),
    ("GET", ROW, 1),
    ("PATCH", ROW, 0),
]


@pytest.mark.parametrize("death", DEATHS, ids="+".join)
def test_a_chunk_may_be_cut_in_the_middle(
    victims: Victims, repository: str, death: tuple[str, ...]
) -> None:
    data = os.urandom(5 << 19)
    start = victims.client("POST", f"/v2/{repository}/blobs/uploads/")["Location"]
    connection = victims.client.connect()
    connection.sendall(f"PATCH {start} HTTP/1.1\r\nHost: x\r\n".encode())
    connection.sendall(f"Content-Length: {len(data)}\r\n\r\n".encode() + data[: len(data) // 2])
    time.sleep(0.5)
    victims.kill(*death)
    connection.close()
    victims.revive(*death)
    last = int(victims.client("GET", start)["Range"].removeprefix("0-"))
    arrived = last + 1 if last else 0
    assert arrived <= len(data) // 2
    assert victims.client("PATCH", start, data[arrived:]).status == 202
    assert victims.client("PUT", f"{start}?digest={digest(data)}").status == 201
    assert victims.client("GET", f"/v2/{repository}/blobs/{digest(data)}").body == data


@pytest.mark.parametrize("death", DEATHS, ids="+".join)
def test_an_upload_goes_on_after_its_first_chunk(
    victims: Victims, repository: str, death: tuple[str, ...]
) -> None:
    data = os.urandom(5 << 19)
    half = len(data) // 2
    start = victims.client("POST", f"/v2/{repository}/blobs/uploads/")["Location"]
    assert victims.client("PATCH", start, data[:half]).status == 202
    victims.kill(*death)
    victims.revive(*death)
    assert victims.client("GET", start)["Range"] == f"0-{half - 1}"
    assert victims.client("PATCH", start, data[half:]).status == 202
    victims.kill(*death)
    victims.revive(*death)
    assert victims.client("PUT", f"{start}?digest={digest(data)}").status == 201
    assert victims.client("GET", f"/v2/{repository}/blobs/{digest(data)}").body == data


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]}-{call[2]}")
def test_a_manifests_push_may_end_after_any_call(
    victims: Victims, repository: str, call: tuple[str, str, int]
) -> None:
    image, method, path, skip = Image(Random(repr(call) + repository)), *call
    image.push(victims.client, repository, "latest")
    manifest = image.manifests[0] + b" "
    delay = victims.place.glance.fail(Fault(method, path, Kind.DELAY, skip=skip, times=1))
    with ThreadPoolExecutor(1) as pool:
        pushing = pool.submit(put_quietly, victims.client, repository, manifest)
        assert delay.reached.wait(20)
        victims.kill("registry")
        victims.revive("registry")
        pushing.result()
    assert walk(victims.client, repository)
    put_manifest(victims.client, repository, "latest", manifest)
    assert victims.client("GET", f"/v2/{repository}/manifests/latest").body == manifest
    assert walk(victims.client, repository)


def put_quietly(client: Client, repository: str, manifest: bytes) -> None:
    """Put a manifest that may not arrive."""
    with suppress(Refused, HTTPException, OSError):
        put_manifest(client, repository, "latest", manifest)


@pytest.mark.parametrize(
    "skip", [0, 8, 10, 11], ids=["a blob", "a manifest", "the index", "the tag"]
)
def test_a_push_gets_past_rows_that_stay_in_saving(
    victims: Victims, glance: Glance, repository: str, skip: int
) -> None:
    """A Glance that dies while it takes data leaves the row so for ever."""
    image = Image(Random(repository))
    victims.place.glance.forget()
    hold = victims.place.glance.fail(Fault("PUT", DATA, Kind.HOLD, skip=skip, times=1))
    with ThreadPoolExecutor(1) as pool:
        pushing = pool.submit(try_push, victims.client, image, repository)
        assert hold.reached.wait(20)
        row = victims.place.glance.seen("PUT", DATA)[skip].path.split("/")[-2]
        assert until(lambda: glance.get(row)["status"] == "saving")
        victims.kill("glance", "registry")
        victims.revive("glance", "registry")
        pushing.result()
    assert glance.get(row)["status"] == "saving"
    image.push(victims.client, repository, "latest")
    assert walk(victims.client, repository) == 7
