"""What a container cannot do is refused, and the server is none the worse."""

from __future__ import annotations

import pytest

from tests.nova.lifecycle.commands import SILENT
from tests.nova.lifecycle.conftest import HOSTS
from tests.nova.lifecycle.member import Member
from tests.nova.lifecycle.region import Region, wait
from tests.nova.lifecycle.server import Server


@pytest.fixture(scope="module")
def image(member: Member) -> str:
    return member.push("refused:latest", SILENT)


def test_a_rescue_is_refused_and_a_hard_reboot_mends(member: Member, server: Server) -> None:
    """Nova takes a server whose rescue failed for broken."""
    pid = server.state["Pid"]
    member.compute.rescue_server(server.id)
    server.wait("ERROR")
    assert "another one's disk" in server.fault
    assert server.state["Pid"] == pid
    member.compute.reboot_server(server.id, "HARD")
    server.wait("ACTIVE")
    assert server.state["Status"] == "running"


def test_a_live_migration_is_refused(region: Region, member: Member, server: Server) -> None:
    pid, (other,) = server.state["Pid"], set(HOSTS) - {server.host}
    region.admin.session.post(
        f"{region.nova.compute_url}/servers/{server.id}/action",
        json={"os-migrateLive": {"host": other, "block_migration": "auto"}},
        headers={"OpenStack-API-Version": "compute 2.34"},
    )
    compute, mine = region.admin.compute, {"instance_uuid": server.id}
    wait(lambda: [one.status for one in compute.migrations(**mine)] == ["error"], "the refusal")
    server.wait("ACTIVE")
    assert server.state["Pid"] == pid
    assert server.host != other
