"""Deleted, in every state: nothing is left."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.nova.lifecycle.commands import PATIENT
from tests.nova.lifecycle.member import Member
from tests.nova.lifecycle.region import Region, wait
from tests.nova.lifecycle.server import Server


@pytest.fixture(scope="module")
def image(member: Member) -> str:
    return member.push("deleted:latest", PATIENT)


def fail(server: Server) -> None:
    """As an admin does with what hangs."""
    server.member.region.admin.compute.reset_server_state(server.id, "error")


def lose(server: Server) -> None:
    """Somebody removes the container by hand."""
    server.member.region.docker(server.id)("rm", "--force", f"nova-{server.id}")


#: state -> how a server gets there, and what Nova calls it
STATES: dict[str, tuple[Callable[[Server], object], str]] = {
    "active": (lambda _: None, "ACTIVE"),
    "stopped": (lambda server: server.member.compute.stop_server(server.id), "SHUTOFF"),
    "paused": (lambda server: server.member.compute.pause_server(server.id), "PAUSED"),
    "suspended": (lambda server: server.member.compute.suspend_server(server.id), "SUSPENDED"),
    "in error": (fail, "ERROR"),
    # Nova looks away: the host may just be starting.
    "lost": (lose, "ACTIVE"),
}


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_left_of_a_server(member: Member, server: Server, state: str) -> None:
    bring, status = STATES[state]
    bring(server)
    server.wait(status)
    member.delete([server])


def test_nothing_is_left_of_servers_that_are_being_built(member: Member, image: str) -> None:
    made = [member.ask(image, f"early-{number}") for number in range(4)]
    member.delete(made)


def test_a_server_is_deleted_while_its_container_is_made(
    region: Region, member: Member, image: str
) -> None:
    server = member.ask(image, "making")
    wait(lambda: region.containers_of(server.id), "a container")
    member.delete([server])


def test_images_stay_for_the_next_boot(region: Region, member: Member, image: str) -> None:
    """Nova's image cache decides when they go, not the end of a server."""
    server = member.boot(image)
    used = server.container["Image"]
    member.delete([server])
    kept = {
        host: engine.docker.output("image", "ls", "--all", "--quiet", "--no-trunc").decode()
        for host, engine in region.engines.items()
    }
    assert any(used in images for images in kept.values())
