"""Files that were put into Glance by its own API are images: archives and root file systems."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.access.conftest import As, Callers, eventually
from tests.access.held import rows
from tests.access.questions import pushed
from tests.api.client import Answer
from tests.api.content import digest
from tests.clients.images import Image, canonical, greeting
from tests.clients.tarballs import packed
from tests.glance_images.conftest import plain

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "xz": lzma.compress,
}


def saved(*images: Image, names: tuple[str, ...] = ("app:1",)) -> bytes:
    """What `docker save` writes."""
    entries, files = [], {}
    for name, image in zip(names, images, strict=True):
        config = f"{digest(image.config).removeprefix('sha256:')}.json"
        layers = {f"{digest(tar)[7:]}/layer.tar": tar for tar in image.tars}
        entries.append({"Config": config, "RepoTags": [name], "Layers": list(layers)})
        files |= {config: image.config, **layers}
    return packed({**files, "manifest.json": canonical(entries)})


def put(caller: As, data: bytes, **properties: object) -> str:
    """The ID of an image that somebody makes of a file."""
    return plain(caller.tenant, data, container_format="docker", **properties)


def pull(caller: As, row: str, reference: str = "latest") -> Answer:
    return caller("GET", f"/v2/glance/{row}/manifests/{reference}")


def blob(caller: As, row: str, wanted: str, **headers: str) -> Answer:
    return caller("GET", f"/v2/glance/{row}/blobs/{wanted}", **headers)


def pulled(caller: As, row: str, reference: str = "latest") -> tuple[dict[str, object], bytes]:
    """The configuration of an image, and its layers in one; all of it is what it says it is."""
    answer = pull(caller, row, reference)
    assert answer.status == 200, answer.body
    assert digest(answer.body) == answer["Docker-Content-Digest"]
    assert pull(caller, row, answer["Docker-Content-Digest"]).body == answer.body
    bodies = []
    for one in (answer.json["config"], *answer.json["layers"]):
        found = blob(caller, row, one["digest"])
        assert (digest(found.body), len(found.body)) == (one["digest"], one["size"])
        seen = caller("HEAD", f"/v2/glance/{row}/blobs/{one['digest']}")
        assert (seen.status, seen["Content-Length"]) == (200, str(one["size"]))
        bodies.append(found.body)
    return json.loads(bodies[0]), b"".join(bodies[1:])


def refusal(caller: As, row: str) -> str:
    answer = pull(caller, row)
    assert (answer.status, answer.code) == (404, "MANIFEST_UNKNOWN")
    return str(answer.json["errors"][0]["message"])


@pytest.fixture
def image() -> Image:
    """An image that nobody has."""
    return greeting(f"archive {uuid4()}", size=5000)


def held(callers: Callers, image: Image) -> list[str]:
    """The blobs of alice's project that are layers of an image."""
    return [
        layer
        for tar in image.tars[1:]
        for layer in (digest(tar),)
        if rows(callers.alice.tenant, oci_kind="blob", oci_digest=layer)
    ]


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_saved_image_is_pulled(callers: Callers, image: Image, compression: str) -> None:
    row = put(callers.alice, COMPRESSIONS[compression](saved(image)))
    config, layers = pulled(callers.alice, row)
    assert (canonical(config), layers) == (image.config, b"".join(image.tars))
    # Layers are not stored again where they are ranges of the archive.
    assert bool(held(callers, image)) == (compression != "plain")
    part = blob(callers.alice, row, digest(image.tars[1]), Range="bytes=100-299")
    assert (part.status, part.body) == (206, image.tars[1][100:300])
    # Found once; and by whoever may read only, as well.
    assert len(rows(callers.alice.tenant, oci_kind="finding", oci_image=row)) == 1
    assert pulled(callers.rita, row)[0] == config


def test_a_tag_picks_one_of_several_images(callers: Callers) -> None:
    images = [greeting(f"{number} {uuid4()}", size=100) for number in range(2)]
    row = put(callers.alice, saved(*images, names=("team/app:1", "team/other:2")))
    for reference, image in (("latest", images[0]), ("1", images[0]), ("2", images[1])):
        assert canonical(pulled(callers.alice, row, reference)[0]) == image.config
    tags = callers.alice("GET", f"/v2/glance/{row}/tags/list").json["tags"]
    assert {"latest", "1", "2"} <= set(tags)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_root_file_system_runs_what_its_properties_say(
    callers: Callers, image: Image, compression: str
) -> None:
    data = COMPRESSIONS[compression](packed({**image.files, "id": uuid4().bytes}))
    row = put(callers.alice, data, docker_cmd="cat '/etc/greeting'", docker_env="A=1 'B=2 3'")
    config, layer = pulled(callers.alice, row)
    said = config["config"]
    assert isinstance(said, dict)
    assert said["Cmd"] == ["cat", "/etc/greeting"]
    assert {"A=1", "B=2 3"} <= set(said["Env"])
    tar = data if compression == "plain" else gzip.decompress(layer)
    assert config["rootfs"] == {"type": "layers", "diff_ids": [digest(tar)]}
    assert (layer == data) == (compression != "xz")


def test_a_file_system_has_the_properties_that_it_has_now(callers: Callers) -> None:
    row = put(callers.alice, packed({"id": uuid4().bytes}))

    def configured() -> object:
        """By its digest, for workers learn of changes one after the other."""
        config = pull(callers.alice, row).json["config"]["digest"]
        found = blob(callers.alice, row, config)
        return found.json["config"]["Cmd"] if found.status == 200 else None

    eventually(configured, ["/bin/sh"])
    callers.alice.tenant.glance().update(row, {"os_command_line": '["id"]'})
    eventually(configured, ["id"])
    callers.alice.tenant.glance().update(row, {"docker_cmd": "'"})
    eventually(lambda: b"docker_cmd" in pull(callers.alice, row).body, True)


def test_a_copy_of_a_manifest_lends_what_its_owner_has(callers: Callers, repository: str) -> None:
    """Somebody downloads an image by Glance's own API, and makes another one of it."""
    found = pushed(callers.alice, repository, uuid4().bytes)
    manifest = pull(callers.alice, callers.alice.tenant.image(f"{repository}:latest")).body
    row = put(callers.alice, manifest)
    assert pull(callers.alice, row)["Docker-Content-Digest"] == found.manifest
    assert blob(callers.alice, row, found.layer).body == found.data
    # Bob names what alice has: that is nothing of his.
    stolen = put(callers.bob, manifest)
    assert "not there" in refusal(callers.bob, stolen)
    assert blob(callers.bob, stolen, found.layer).status == 404


def devices() -> bytes:
    """A saved image whose layer is a link to a file of whoever unpacks it."""
    entry = {"Config": "config.json", "RepoTags": ["x:1"], "Layers": ["layer.tar"]}
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as tar:
        for name, body in (("manifest.json", canonical([entry])), ("config.json", b"{}")):
            member = tarfile.TarInfo(name)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
        link = tarfile.TarInfo("layer.tar")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return into.getvalue()


def hostile() -> Iterator[tuple[str, bytes]]:
    """One of each way to be refused; tests of archives have all of them."""
    yield "text", b"hello"
    yield "cut short", gzip.compress(saved(greeting("cut", size=100)))[:-100]
    yield "outside", packed({"../etc/passwd": b"x"})
    yield "a link", devices()
    yield "a configuration", canonical({"architecture": "amd64", "rootfs": {}})


def test_what_no_image_can_be_made_of_is_refused_with_the_reason(callers: Callers) -> None:
    for kind, data in hostile():
        row = put(callers.alice, data)
        reason = refusal(callers.alice, row)
        assert len(reason) > 20, kind
        # Nobody looks through it again.
        assert len(rows(callers.alice.tenant, oci_kind="finding", oci_image=row)) == 1, kind
        assert refusal(callers.rita, row) == reason
        assert pull(callers.bob, row).status == 404


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_what_is_shown_to_others_they_pull(
    callers: Callers, image: Image, compression: str
) -> None:
    """Also when one of them is the first; but what is unpacked is on the owner's account."""
    row = put(callers.alice, COMPRESSIONS[compression](saved(image)))
    assert pull(callers.bob, row).status == 404
    callers.adam.tenant.set_visibility(row, "public")
    if compression != "plain":
        assert "unpacked" in refusal(callers.bob, row)
        assert pull(callers.rita, row).code == "DENIED"
        assert pull(callers.alice, row).status == 200
    assert canonical(pulled(callers.bob, row)[0]) == image.config
    assert canonical(pulled(callers.alice, row)[0]) == image.config
    (finding,) = rows(callers.alice.tenant, oci_kind="finding", oci_image=row)
    assert finding["owner"] == callers.alice.tenant.project_id
    callers.adam.tenant.set_visibility(row, "private")
    eventually(lambda: pull(callers.bob, row).status, 404)
    assert blob(callers.bob, row, digest(image.tars[1])).status == 404


def test_what_was_unpacked_and_deleted_is_unpacked_again(callers: Callers, image: Image) -> None:
    row = put(callers.alice, gzip.compress(saved(image)))
    pulled(callers.alice, row)
    for found in rows(callers.alice.tenant, oci_kind="blob", oci_digest=digest(image.tars[1])):
        callers.alice.tenant.glance().delete(str(found["id"]))

    def held_again() -> int:
        """Made by the first worker that looks whether it is there; nobody is refused meanwhile."""
        assert pull(callers.alice, row).status == 200
        return len(held(callers, image))

    eventually(held_again, len(image.tars[1:]))
    assert canonical(pulled(callers.alice, row)[0]) == image.config


def test_the_image_is_deleted_by_its_manifest(callers: Callers, image: Image) -> None:
    row = put(callers.alice, saved(image))
    assert pull(callers.alice, row).status == 200
    answer = callers.alice("DELETE", f"/v2/glance/{row}/manifests/latest")
    assert answer.status == 202
    assert pull(callers.alice, row).status == 404
    assert rows(callers.alice.tenant, oci_kind="finding", oci_image=row) == []


def test_a_part_of_an_archive_is_not_deleted(callers: Callers) -> None:
    images = [greeting(f"{number} {uuid4()}", size=100) for number in range(2)]
    row = put(callers.alice, saved(*images, names=("app:1", "other:2")))
    for reference in ("latest", "2", pull(callers.alice, row, "2")["Docker-Content-Digest"]):
        answer = callers.alice("DELETE", f"/v2/glance/{row}/manifests/{reference}")
        assert (answer.status, answer.code) == (403, "DENIED")
    assert pull(callers.alice, row, "2").status == 200


def test_workers_that_are_asked_at_once_look_through_it_once(
    callers: Callers, image: Image
) -> None:
    row = put(callers.alice, gzip.compress(saved(image)))
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(lambda _: pull(callers.alice, row).status, range(8)))
    assert told == [200] * 8
    assert len(rows(callers.alice.tenant, oci_kind="finding", oci_image=row)) == 1
