"""Rebuilt: a new container of the same image, or of another."""

from __future__ import annotations

import pytest

from tests.nova.lifecycle.commands import PATIENT, SILENT
from tests.nova.lifecycle.member import Member
from tests.nova.lifecycle.server import Server


@pytest.fixture(scope="module")
def image(member: Member) -> str:
    """One whose name is another image's soon after."""
    return member.push("rebuilt:latest", PATIENT)


def test_the_same_image_is_what_it_was(member: Member, image: str, server: Server) -> None:
    first = server.container
    assert member.push("rebuilt:latest", SILENT) != image
    member.compute.rebuild_server(server.id, image=image)
    server.wait("ACTIVE")
    again = server.container
    assert again["Id"] != first["Id"]
    assert again["Image"] == first["Image"]
    assert member.region.containers_of(server.id) == [again["Id"]]
    server.wait_console("hello")


def test_another_image_takes_its_place(member: Member, server: Server) -> None:
    other = member.push("other:latest", f"echo other; {SILENT}")
    member.compute.rebuild_server(server.id, image=other)
    server.wait("ACTIVE")
    assert server.show().image.id == other
    server.wait_console("other")


def test_a_stopped_server_stays_stopped(member: Member, image: str, server: Server) -> None:
    member.compute.stop_server(server.id)
    server.wait("SHUTOFF")
    first = server.container["Id"]
    member.compute.rebuild_server(server.id, image=image)
    server.wait("SHUTOFF")
    assert server.container["Id"] != first
    assert server.state["Status"] != "running"


def test_an_image_that_does_not_boot_is_said(member: Member, server: Server) -> None:
    broken = member.push("broken-rebuild:latest", "true", 'CMD ["/no/such/program"]')
    member.compute.rebuild_server(server.id, image=broken)
    server.wait("ERROR")
    assert "/no/such/program" in server.fault
    assert member.region.containers_of(server.id) == []
