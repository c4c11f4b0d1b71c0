"""Archives in a Glance that breaks off, fills up, or whose store knows no ranges."""

from __future__ import annotations

import gzip
from uuid import uuid4

import pytest

from registry_glance.embedded.cloud import CLOUD_NAME, Cloud
from registry_glance.glance.client import Glance
from registry_glance.glance.cloud import from_clouds_yaml
from registry_glance.store.glance.writer import Small
from tests.api.client import Answer
from tests.api.content import digest
from tests.clients.images import Image, canonical, greeting
from tests.clients.tarballs import packed
from tests.faults.behind import Behind
from tests.faults.fault import DATA, Fault, Kind, answers
from tests.faults.patience import until
from tests.glance_images.conftest import add


@pytest.fixture
def image() -> Image:
    return greeting(f"faults {uuid4()}", size=10_000)


def saved(image: Image) -> bytes:
    """What `docker save` writes."""
    config = f"{digest(image.config)[7:]}.json"
    layers = {f"{number}/layer.tar": tar for number, tar in enumerate(image.tars)}
    entry = {"Config": config, "RepoTags": [], "Layers": list(layers)}
    return packed({"manifest.json": canonical([entry]), config: image.config, **layers})


@pytest.fixture
def glance(cloud: Cloud) -> Glance:
    """Past the proxy."""
    return Glance(from_clouds_yaml(CLOUD_NAME, str(cloud.clouds_yaml)))


def put(glance: Glance, data: bytes) -> str:
    row = add(glance, "archive", container_format="docker", disk_format="raw")
    glance.write(row, Small(data))
    return row


def pull(place: Behind, row: str, reference: str = "latest") -> Answer:
    return place.client("GET", f"/v2/glance/{row}/manifests/{reference}")


def check(place: Behind, row: str, image: Image) -> None:
    answer = pull(place, row)
    assert answer.json["config"]["digest"] == digest(image.config)
    for tar in image.tars:
        assert place.client("GET", f"/v2/glance/{row}/blobs/{digest(tar)}").body == tar


def test_a_store_without_ranges_has_archives_unpacked(
    place: Behind, glance: Glance, image: Image
) -> None:
    row = put(glance, saved(image))
    # The first read is of the whole.
    place.glance.fail(Fault("GET", f"{row}/file$", Kind.ANSWER, status=400, times=1, skip=1))
    check(place, row, image)
    # Nothing is read of the archive any more.
    reads = len(place.glance.seen("GET", f"{row}/file$"))
    check(place, row, image)
    assert len(place.glance.seen("GET", f"{row}/file$")) == reads == len(("look", "ask", "unpack"))


def test_what_breaks_off_is_looked_through_again(
    place: Behind, glance: Glance, image: Image
) -> None:
    data = gzip.compress(saved(image))
    row = put(glance, data)
    place.glance.fail(Fault("GET", DATA, Kind.CUT, at=len(data) // 2, times=1))
    assert pull(place, row).status == 503
    place.settle()
    # For a moment the failure is told again, lest every client begins anew.
    assert until(lambda: pull(place, row).status == 200, 60)


def test_an_image_whose_data_is_gone_is_unknown(place: Behind, glance: Glance) -> None:
    row = put(glance, packed({"id": uuid4().bytes}))
    place.glance.fail(answers(404, "GET", DATA))
    answer = pull(place, row)
    assert (answer.status, answer.code) == (404, "MANIFEST_UNKNOWN")


def test_what_does_not_fit_is_told_so(place: Behind, glance: Glance, image: Image) -> None:
    row = put(glance, gzip.compress(saved(image)))
    place.glance.fail(answers(413, "PUT", DATA))
    answer = pull(place, row)
    assert (answer.status, answer.code) == (413, "SIZE_INVALID")
    # Nothing is left of it.
    place.settle()
    for tar in image.tars[1:]:
        assert not list(glance._list(os_hidden="true", oci_digest=digest(tar)))
