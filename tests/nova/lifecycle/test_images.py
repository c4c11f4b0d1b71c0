"""Images that boot, and those that are refused with a reason."""

from __future__ import annotations

import struct

import pytest
from openstack.exceptions import BadRequestException

from tests.nova.lifecycle.commands import SILENT
from tests.nova.lifecycle.member import Member
from tests.nova.lifecycle.region import wait

#: version 3, no backing file, 64 KiB clusters, 1 MiB: docs/interop/qcow2.rst of QEMU
QCOW2 = struct.pack(
    ">4sIQIIQIIQQIIQQQQII",
    *(b"QFI\xfb", 3, 0, 0, 16, 1 << 20, 0, 1, 0x30000, 0x10000, 1, 0, 0, 0, 0, 0, 4, 104),
).ljust(4096, b"\0")


def test_what_is_no_image_of_a_container_is_refused(member: Member) -> None:
    formats = {"container_format": "bare", "disk_format": "qcow2"}
    image = member.connection.image.create_image(name="disk:latest", data=QCOW2, **formats)
    server = member.ask(image.id).wait("ERROR")
    assert image.id in server.fault
    assert "only images with container_format docker boot on this host" in server.fault
    member.delete([server])


def test_a_command_that_is_not_there_is_said(member: Member) -> None:
    image = member.push("broken:latest", "true", 'CMD ["/no/such/program"]')
    server = member.ask(image).wait("ERROR")
    assert "/no/such/program" in server.fault
    assert member.region.containers_of(server.id) == []
    member.delete([server])


def test_a_strangers_image_cannot_be_booted(member: Member, stranger: Member) -> None:
    image = member.push("secret:latest", SILENT)
    with pytest.raises(BadRequestException, match="image"):
        stranger.ask(image)
    assert list(stranger.compute.servers()) == []


def share(image: str, owner: Member, other: Member) -> None:
    """Offer an image and accept it, and wait for the registry to hear of it."""
    owner.tenant.share(image, other.tenant)
    other.tenant.accept(image)
    wait(lambda: other.may_pull(image), f"{image} for the other project")


def test_a_shared_image_can(member: Member, stranger: Member) -> None:
    image = member.push("shared:latest", SILENT)
    share(image, member, stranger)
    server = stranger.boot(image)
    shown = server.container["Config"]["Image"]
    assert shown == member.region.registry.reference("shared:latest")
    stranger.delete([server])


def test_an_image_that_is_no_longer_shared_cannot_be_booted_again(
    member: Member, stranger: Member
) -> None:
    """Not even on the host that has it."""
    image = member.push("withdrawn:latest", SILENT)
    share(image, member, stranger)
    server = stranger.boot(image)
    member.connection.image.remove_member(stranger.tenant.project_id, image)
    with pytest.raises(BadRequestException, match="image"):
        stranger.ask(image)
    stranger.delete([server])
