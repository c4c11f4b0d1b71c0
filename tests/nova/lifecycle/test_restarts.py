"""What servers live through: an end of nova-compute, and one of the Docker Engine."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from registry_glance.embedded.process import Process
from tests.clients.engine import Engine
from tests.nova.lifecycle.commands import PATIENT
from tests.nova.lifecycle.conftest import StartEngine
from tests.nova.lifecycle.member import Member
from tests.nova.lifecycle.region import Region, wait
from tests.nova.lifecycle.server import Server

#: The compute host of this module, in a zone of its own.
HOST = "restarted"
TEN = 10


@dataclass(frozen=True)
class ComputeHost:
    """nova-compute and its Engine."""

    compute: Process
    engine: Engine

    def restart_engine(self) -> None:
        """`systemctl restart docker`."""
        self.engine.stop()
        self.engine.start()


@pytest.fixture(scope="module")
def host(region: Region, start_engine: StartEngine) -> Iterator[ComputeHost]:
    """A host that may be restarted."""
    engine = start_engine(HOST)
    compute = region.add_host(HOST, engine, HOST)
    yield ComputeHost(compute, engine)
    compute.stop()
    del region.engines[HOST]


@pytest.fixture(scope="module")
def image(member: Member) -> str:
    return member.push("restarted:latest", PATIENT)


def boot(member: Member, image: str, count: int) -> list[Server]:
    """Servers on that host, running."""
    made = [member.ask(image, f"{HOST}-{n}", availability_zone=HOST) for n in range(count)]
    return [server.wait("ACTIVE") for server in made]


def test_servers_outlive_nova_compute(host: ComputeHost, member: Member, image: str) -> None:
    running, stopped, ended = made = boot(member, image, 3)
    member.compute.stop_server(stopped.id)
    stopped.wait("SHUTOFF")
    before = running.state
    host.compute.stop()
    host.engine.docker("kill", f"nova-{ended.id}")
    assert running.state == before
    host.compute.start()
    ended.wait("SHUTOFF")
    member.compute.pause_server(running.id)
    running.wait("PAUSED")
    assert running.state["Pid"] == before["Pid"]
    assert stopped.show().status == "SHUTOFF"
    member.delete(made)


@pytest.mark.parametrize("live_restore", [False, True])
def test_servers_and_a_restart_of_the_engine(
    host: ComputeHost, member: Member, image: str, live_restore: bool
) -> None:
    host.engine.settings["live-restore"] = live_restore
    host.restart_engine()
    (server,) = boot(member, image, 1)
    pid = server.state["Pid"]
    host.restart_engine()
    if live_restore:
        assert server.state["Pid"] == pid
    else:
        server.wait("SHUTOFF")
        member.compute.start_server(server.id)
        server.wait("ACTIVE")
    # nova-compute has found the Engine again.
    member.compute.stop_server(server.id)
    server.wait("SHUTOFF")
    assert server.console().endswith("bye")
    actions = [action.action for action in member.compute.server_actions(server.id)]
    assert actions.count("stop") == (1 if live_restore else 2)
    member.delete([server])


def test_a_kill_in_the_middle_of_boots_leaves_nothing(
    host: ComputeHost, region: Region, member: Member, image: str
) -> None:
    asked = [member.ask(image, f"killed-{n}", availability_zone=HOST) for n in range(TEN)]
    mine = {server.id for server in asked}
    wait(lambda: mine & {server for server, _ in region.containers()}, "a container")
    os.kill(host.compute.pid, signal.SIGKILL)
    host.compute.stop()
    assert any(server.show().status == "BUILD" for server in asked)
    host.compute.start()
    member.delete(asked)
    # Nothing is blocked.
    member.delete(boot(member, image, 1))
