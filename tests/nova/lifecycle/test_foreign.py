"""Whatever made an image in Glance: a server boots from it, and is rebuilt of it."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import uuid4

import pytest

from tests.clients.program import Program, missing
from tests.clients.tarballs import packed
from tests.nova import busybox
from tests.nova.lifecycle.commands import PATIENT
from tests.nova.lifecycle.member import Member

COMMAND = f'/bin/busybox sh -c "{PATIENT}"'
OCI_ARCHIVE = "an OCI archive"


def upload(member: Member, data: bytes, name: str, **properties: str) -> str:
    """`openstack image create --container-format docker --file`; the image's ID."""
    formats = {"container_format": "docker", "disk_format": "raw"}
    asked = {"name": name, **formats, **properties, "data": data}
    return str(member.connection.image.create_image(**asked).id)


def save(member: Member) -> bytes:
    """`docker save`."""
    reference = f"saved-{uuid4()}:latest"
    words = ("import", "--change", f'CMD ["/bin/busybox", "sh", "-c", "{PATIENT}"]', "-")
    member.docker(*words, reference, stdin=root())
    saved = member.docker.output("save", reference)
    member.docker("image", "rm", reference)
    return saved


def root() -> bytes:
    """A file system, unlike any other."""
    program = Path(str(busybox.BUSYBOX)).read_bytes()
    return packed({"bin/busybox": program, "unlike": uuid4().bytes})


def docker_archive(member: Member, _: Path) -> str:
    return upload(member, save(member), "saved")


def oci_archive(member: Member, folder: Path) -> str:
    saved, converted = folder / "saved", folder / "converted"
    saved.write_bytes(save(member))
    Program("skopeo", "copy")(f"docker-archive:{saved}", f"oci-archive:{converted}")
    return upload(member, converted.read_bytes(), "team/converted:1.0")


def file_system(member: Member, _: Path) -> str:
    return upload(member, gzip.compress(root()), "My picture", docker_cmd=COMMAND)


def packed_file_system(member: Member, _: Path) -> str:
    return upload(member, lzma.compress(root()), "Nobody/Pulls:this", docker_cmd=COMMAND)


def nameless_layer(member: Member, _: Path) -> str:
    """The lower one of two."""
    tag = member.push("layers:latest", PATIENT)
    reference = member.region.registry.reference("layers:latest")
    two = packed({"Dockerfile": f"FROM {reference}\nCOPY more /more\n".encode(), "more": b"more"})
    member.docker("build", "--tag", reference, "-", stdin=two)
    member.docker("push", reference)
    assert member.image("layers:latest") != tag
    member.docker("image", "rm", reference)
    layer = member.layers("layers", "latest")[0]
    hidden = member.connection.image.images(is_hidden=True)
    rows = [row.id for row in hidden if row.properties.get("oci_digest") == layer]
    return str(next(row for row in rows if member.connection.image.get_image(row).size))


def filled(member: Member, _: Path) -> str:
    """A queued image, to which somebody pushes."""
    formats = {"container_format": "docker", "disk_format": "raw"}
    image = str(member.connection.image.create_image(name="filled:latest", **formats).id)
    busybox.push(member.docker, member.region.registry.reference(f"glance/{image}"), PATIENT)
    return image


#: kind -> how it is made, and what `docker ps` calls it after the registry
KINDS: Mapping[str, tuple[Callable[[Member, Path], str], str]] = {
    "a docker archive": (docker_archive, "saved:latest"),
    OCI_ARCHIVE: (oci_archive, "team/converted:1.0"),
    "a file system": (file_system, "glance/{image}@"),
    "a packed file system": (packed_file_system, "glance/{image}@"),
    "a nameless layer": (nameless_layer, "glance/{image}@"),
    "an image that was filled": (filled, "filled:latest"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_boots_and_is_rebuilt(member: Member, tmp_path: Path, kind: str) -> None:
    if kind == OCI_ARCHIVE and (why := missing("skopeo")):
        pytest.skip(why)
    make, called = KINDS[kind]
    image = make(member, tmp_path)
    server = member.boot(image, "foreign")
    server.wait_console("hello")
    first = server.container
    shown = member.region.registry.reference(called.format(image=image))
    assert first["Config"]["Image"].startswith(shown)
    assert "more" not in server.run("/bin/busybox ls /").split()
    member.compute.rebuild_server(server.id, image=image)
    server.wait("ACTIVE")
    again = server.container
    assert (again["Id"] != first["Id"], again["Image"]) == (True, first["Image"])
    member.delete([server])


def test_a_server_of_an_archive_is_resized_and_shelved(member: Member) -> None:
    server = member.boot(upload(member, save(member), "kept"), "foreign")
    server.run("echo kept >/file")
    member.compute.resize_server(server.id, member.flavors["m1.micro"])
    server.wait("VERIFY_RESIZE")
    member.compute.confirm_server_resize(server.id)
    server.wait("ACTIVE")
    member.compute.shelve_server(server.id)
    server.wait("SHELVED_OFFLOADED")
    (shelved,) = (one.id for one in member.connection.image.images(name="foreign-shelved"))
    layers = member.layers(f"glance/{shelved}", "latest")
    sent = member.region.registry.log.count(f"PATCH /v2/glance/{shelved}/blobs/uploads/")
    # The configuration, and all layers but that of the archive.
    assert 1 <= sent <= len(layers)
    member.compute.unshelve_server(server.id)
    server.wait("ACTIVE")
    assert server.run("/bin/busybox cat /file") == "kept\n"
    member.delete([server])


#: what is uploaded -> what the registry says of it
BROKEN = {
    b"no archive of any kind": "manifest unknown: ",
    packed({"manifest.json": b'[{"Config": "x.json", "RepoTags": null, "Layers": []}]'}): "x.json",
}


@pytest.mark.parametrize("data", BROKEN, ids=["no archive", "an archive with a file missing"])
def test_what_cannot_be_served_is_said(member: Member, data: bytes) -> None:
    image = upload(member, data, "broken")
    server = member.ask(image).wait("ERROR")
    assert image in server.fault
    assert "the registry does not give it out: " in server.fault
    assert BROKEN[data] in server.fault
    member.delete([server])
