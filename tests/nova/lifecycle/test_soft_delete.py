"""Deleted, and brought back, where an operator has Nova wait before it removes anything."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_glance.embedded.gunicorn import Server as Gunicorn
from registry_glance.embedded.ports import pick_free
from tests.nova.lifecycle.commands import PATIENT
from tests.nova.lifecycle.member import Member
from tests.nova.lifecycle.region import Region
from tests.nova.lifecycle.server import Server


@pytest.fixture(scope="module")
def image(member: Member) -> str:
    return member.push("soft:latest", PATIENT)


@pytest.fixture(scope="module")
def waiting_api(region: Region, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One more nova-api on the same Nova, with `reclaim_instance_interval`; its address."""
    folder: Path = tmp_path_factory.mktemp("nova-api")
    for name in ("nova.conf", "api-paste.ini"):
        shutil.copy(region.nova.cloud.state / "nova" / name, folder)
    with (folder / "nova.conf").open("a") as config:
        config.write("\n[DEFAULT]\nreclaim_instance_interval = 3600\n")
    application = "nova.wsgi.osapi_compute:application"
    server = Gunicorn("nova-api", application, pick_free(), 1, 4, sqlite=False, preload=False)
    process = server.process(folder, folder / "log", {"OS_NOVA_CONFIG_DIR": str(folder)})
    process.start()
    process.wait_answering(server.url)
    yield f"{server.url}/v2.1"
    process.stop()


def delete(server: Server, api: str) -> None:
    """`openstack server delete`, asked of that API."""
    server.member.connection.session.delete(f"{api}/servers/{server.id}")
    server.wait("SOFT_DELETED")


def test_a_soft_deleted_server_is_restored(
    member: Member, server: Server, waiting_api: str
) -> None:
    server.wait_console("hello")
    first = server.container["Id"]
    delete(server, waiting_api)
    assert server.state["Status"] == "exited"
    assert server.console() == "hello\nbye"
    assert member.region.allocations(server.id) != {}
    member.compute.restore_server(server.id)
    server.wait("ACTIVE")
    assert server.container["Id"] == first
    server.wait_console("hello\nbye\nhello")


def test_a_soft_deleted_server_is_deleted(member: Member, server: Server, waiting_api: str) -> None:
    delete(server, waiting_api)
    member.connection.session.post(
        f"{member.region.nova.compute_url}/servers/{server.id}/action", json={"forceDelete": None}
    )
    server.wait_gone()
    member.region.check_nothing_left([server.id])
