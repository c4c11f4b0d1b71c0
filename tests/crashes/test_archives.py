"""kill -9 while an archive is looked through and unpacked: the next pull begins again."""

from __future__ import annotations

import gzip
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from uuid import uuid4

import pytest

from registry_glance.glance.client import Glance
from tests.api.client import Client
from tests.api.content import digest
from tests.clients.images import greeting
from tests.crashes.conftest import DEATHS, Victims
from tests.faults.fault import CREATE, DATA, Fault, Kind
from tests.faults.test_archives import put, saved

#: Where it dies: while the archive is read, a layer is written, what was found is kept.
MOMENTS = {
    "reading": Fault("GET", DATA, Kind.STALL, at=100_000),
    "unpacking": Fault("PUT", DATA, Kind.HOLD, at=10_000, skip=1),
    "keeping": Fault("POST", CREATE, Kind.LOSE, skip=2),
}


def try_pull(client: Client, path: str) -> None:
    with suppress(OSError, HTTPException):
        client("GET", path)


@pytest.mark.parametrize("death", DEATHS[:2], ids="+".join)
@pytest.mark.parametrize("moment", MOMENTS)
def test_who_dies_over_an_archive_is_no_obstacle(
    victims: Victims, glance: Glance, moment: str, death: tuple[str, ...]
) -> None:
    image = greeting(f"crash {uuid4()}", size=300_000)
    row = put(glance, gzip.compress(saved(image), compresslevel=1))
    path = f"/v2/glance/{row}"
    given = MOMENTS[moment]
    fault = victims.place.glance.fail(
        Fault(given.method, given.path, given.kind, at=given.at, skip=given.skip)
    )
    with ThreadPoolExecutor(1) as pool:
        pulling = pool.submit(try_pull, victims.client, f"{path}/manifests/latest")
        assert fault.reached.wait(30)
        victims.kill(*death)
        victims.revive(*death)
        pulling.result()
    answer = victims.client("GET", f"{path}/manifests/latest")
    # What failed with Glance is told again for a moment.
    assert answer.status in (200, 503)
    if answer.status == 503:
        victims.kill("registry")
        victims.revive("registry")
        answer = victims.client("GET", f"{path}/manifests/latest")
    assert answer.json["config"]["digest"] == digest(image.config)
    for tar in image.tars:
        assert victims.client("GET", f"{path}/blobs/{digest(tar)}").body == tar
