"""Stopped, started, rebooted, frozen: by Nova, and by themselves."""

from __future__ import annotations

import pytest

from tests.nova.lifecycle.commands import PATIENT, STUBBORN
from tests.nova.lifecycle.member import Member
from tests.nova.lifecycle.region import Region, wait
from tests.nova.lifecycle.server import Server


@pytest.fixture(scope="module")
def image(member: Member) -> str:
    """One that ends when it is told to."""
    return member.push("power:latest", PATIENT)


def test_stop_lets_it_end_and_start_brings_it_back(member: Member, server: Server) -> None:
    server.wait_console("hello")
    first = server.container["Id"]
    member.compute.stop_server(server.id)
    server.wait("SHUTOFF")
    assert server.state["ExitCode"] == 7
    assert server.console() == "hello\nbye"
    member.compute.start_server(server.id)
    server.wait("ACTIVE")
    assert server.state["Status"] == "running"
    server.wait_console("hello\nbye\nhello")
    assert server.container["Id"] == first


def test_stop_kills_after_the_images_time(member: Member) -> None:
    image = member.push("stubborn:latest", STUBBORN)
    member.connection.image.update_image(image, os_shutdown_timeout="1")
    server = member.boot(image)
    server.wait_console("hello")
    member.compute.stop_server(server.id)
    server.wait("SHUTOFF")
    assert server.state["ExitCode"] == 137
    member.delete([server])


def test_a_soft_reboot_lets_it_end(member: Member, server: Server) -> None:
    server.wait_console("hello")
    member.compute.reboot_server(server.id, "SOFT")
    server.wait("ACTIVE")
    server.wait_console("hello\nbye\nhello")


def test_a_hard_reboot_does_not(member: Member, server: Server) -> None:
    server.wait_console("hello")
    member.compute.reboot_server(server.id, "HARD")
    server.wait("ACTIVE")
    wait(lambda: server.console().count("hello") > 1, "the program, begun again")
    assert "bye" not in server.console()


def test_a_hard_reboot_starts_what_is_stopped(member: Member, server: Server) -> None:
    member.compute.stop_server(server.id)
    server.wait("SHUTOFF")
    member.compute.reboot_server(server.id, "HARD")
    server.wait("ACTIVE")
    assert server.state["Status"] == "running"


def test_paused_is_frozen(member: Member, server: Server) -> None:
    pid = server.state["Pid"]
    member.compute.pause_server(server.id)
    server.wait("PAUSED")
    assert server.state["Status"] == "paused"
    member.compute.unpause_server(server.id)
    server.wait("ACTIVE")
    assert (server.state["Status"], server.state["Pid"]) == ("running", pid)


def test_suspended_keeps_its_memory(member: Member, server: Server) -> None:
    pid = server.state["Pid"]
    member.compute.suspend_server(server.id)
    server.wait("SUSPENDED")
    assert server.state["Status"] == "paused"
    member.compute.resume_server(server.id)
    server.wait("ACTIVE")
    assert (server.state["Status"], server.state["Pid"]) == ("running", pid)


def test_what_ends_by_itself_is_shut_off(member: Member) -> None:
    server = member.ask(member.push("ends:latest", "echo done; exit 3"))
    # Its end may come while Nova is still building.
    server.wait("SHUTOFF")
    assert server.state["ExitCode"] == 3
    assert server.console() == "done"
    member.compute.start_server(server.id)
    wait(lambda: server.console() == "done\ndone", "a second end")
    server.wait("SHUTOFF")
    member.delete([server])


def test_what_docker_stops_is_shut_off(region: Region, server: Server) -> None:
    region.docker(server.id)("kill", f"nova-{server.id}")
    server.wait("SHUTOFF")


def test_its_history_is_told(member: Member, server: Server) -> None:
    member.compute.pause_server(server.id)
    server.wait("PAUSED")
    actions = {one.action: one for one in member.compute.server_actions(server.id)}
    assert set(actions) == {"create", "pause"}
    assert actions["pause"].message is None
    found = member.compute.get_server_action(actions["pause"].request_id, server.id)
    assert [event.result for event in found.events] == ["Success"]
