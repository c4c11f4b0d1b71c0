"""Resized, and moved to another host: the files come along."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.nova.lifecycle.commands import PATIENT
from tests.nova.lifecycle.conftest import HOSTS
from tests.nova.lifecycle.member import Member
from tests.nova.lifecycle.region import Region
from tests.nova.lifecycle.server import Server

MEMORY = {"m1.nano": 64 << 20, "m1.micro": 128 << 20}


@pytest.fixture(scope="module")
def image(member: Member) -> str:
    return member.push("resized:latest", PATIENT, "ENV COLOUR=green")


def resize(server: Server, host: str) -> Server:
    """`openstack server resize`, with a host that the scheduler must choose."""
    with server.member.region.only(host):
        member = server.member
        member.compute.resize_server(server.id, member.flavors["m1.micro"])
        return server.wait("VERIFY_RESIZE")


def migrate(server: Server, host: str) -> Server:
    """`openstack server migrate --host`, which is for admins."""
    server.member.region.admin.compute.migrate_server(server.id, host=host)
    return server.wait("VERIFY_RESIZE")


def here(server: Server) -> str:
    return server.host


def elsewhere(server: Server) -> str:
    (other,) = set(HOSTS) - {server.host}
    return other


#: what is done -> how, where to, and the flavor afterwards
MOVES: dict[str, tuple[Callable[[Server, str], Server], Callable[[Server], str], str]] = {
    "resize here": (resize, here, "m1.micro"),
    "resize elsewhere": (resize, elsewhere, "m1.micro"),
    "migration": (migrate, elsewhere, "m1.nano"),
}


@pytest.mark.parametrize("kind", MOVES)
def test_a_move_is_confirmed(member: Member, server: Server, kind: str) -> None:
    move, where, flavor = MOVES[kind]
    server.run("echo kept >/file")
    target = where(server)
    move(server, target)
    member.compute.confirm_server_resize(server.id)
    server.wait("ACTIVE")
    assert server.host == target
    assert server.run("/bin/busybox cat /file") == "kept\n"
    found = server.container
    assert found["HostConfig"]["Memory"] == MEMORY[flavor]
    assert found["Config"]["Cmd"][-1] == PATIENT
    assert "COLOUR=green" in found["Config"]["Env"]
    assert member.region.containers_of(server.id) == [found["Id"]]
    (allocation,) = member.region.allocations(server.id).values()
    assert allocation["resources"]["MEMORY_MB"] == MEMORY[flavor] >> 20


@pytest.mark.parametrize("kind", ["resize here", "migration"])
def test_a_move_is_reverted(member: Member, server: Server, kind: str) -> None:
    move, where, _ = MOVES[kind]
    server.run("echo kept >/file")
    before, source = server.container, server.host
    move(server, where(server))
    member.compute.revert_server_resize(server.id)
    server.wait("ACTIVE")
    assert server.host == source
    after = server.container
    assert after["Id"] == before["Id"]
    assert after["HostConfig"]["Memory"] == MEMORY["m1.nano"]
    assert server.run("/bin/busybox cat /file") == "kept\n"
    assert member.region.containers_of(server.id) == [before["Id"]]


def test_a_stopped_server_stays_stopped(member: Member, server: Server) -> None:
    member.compute.stop_server(server.id)
    server.wait("SHUTOFF")
    resize(server, server.host)
    assert server.state["Status"] != "running"
    member.compute.confirm_server_resize(server.id)
    server.wait("SHUTOFF")
    member.compute.start_server(server.id)
    server.wait("ACTIVE")
    assert server.container["HostConfig"]["Memory"] == MEMORY["m1.micro"]


def test_nothing_is_left_of_a_server_that_is_deleted_in_between(
    member: Member, server: Server
) -> None:
    migrate(server, elsewhere(server))
    member.delete([server])


def test_a_moved_server_lives_on(region: Region, member: Member, server: Server) -> None:
    migrate(server, elsewhere(server))
    member.compute.confirm_server_resize(server.id)
    server.wait("ACTIVE")
    member.compute.stop_server(server.id)
    server.wait("SHUTOFF")
    assert server.console().endswith("bye")
    member.compute.reboot_server(server.id, "HARD")
    server.wait("ACTIVE")
    migrate(server, elsewhere(server))
    member.compute.revert_server_resize(server.id)
    server.wait("ACTIVE")
    assert len(region.containers_of(server.id)) == 1
