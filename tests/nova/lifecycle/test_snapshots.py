"""Snapshots: images of what a server has become, and servers of them."""

from __future__ import annotations

from typing import Any

import pytest
from openstack.exceptions import BadRequestException

from tests.nova.lifecycle.commands import PATIENT
from tests.nova.lifecycle.member import Member
from tests.nova.lifecycle.region import wait
from tests.nova.lifecycle.server import Server


@pytest.fixture(scope="module")
def image(member: Member) -> str:
    return member.push("snapshots:latest", PATIENT, "ENV COLOUR=green")


def images(member: Member, name: str) -> list[Any]:
    """What `openstack image list --name` shows."""
    return list(member.connection.image.images(name=name))


def snapshot(server: Server, name: str) -> str:
    """`openstack server image create --wait`; the image's ID."""
    member = server.member
    image = member.compute.create_server_image(server.id, name)
    wait(lambda: member.connection.image.get_image(image).status == "active", f"the image {name}")
    server.wait(server.show().status)
    return str(image.id)


def test_a_server_is_booted_of_a_snapshot(member: Member, server: Server) -> None:
    server.run("echo kept >/file")
    before = server.state
    made = snapshot(server, "picture")
    assert server.state == before
    found = member.connection.image.get_image(made)
    assert (found.container_format, found.visibility) == ("docker", "private")
    # No tag was called so.
    by_name = member.region.registry.reference("picture")
    assert found.properties["oci_digest"] in member.docker("pull", by_name)
    another = member.boot(made, "of-snapshot")
    assert another.run("/bin/busybox cat /file") == "kept\n"
    assert "COLOUR=green" in another.container["Config"]["Env"]
    another.wait_console("hello")
    member.delete([another])
    member.connection.image.delete_image(made)
    assert images(member, "picture") == []


def test_a_stopped_server_has_a_snapshot_too(member: Member, server: Server) -> None:
    server.run("echo kept >/file")
    member.compute.stop_server(server.id)
    server.wait("SHUTOFF")
    made = snapshot(server, "still")
    assert server.show().status == "SHUTOFF"
    member.compute.rebuild_server(server.id, image=made)
    server.wait("SHUTOFF")
    member.compute.start_server(server.id)
    server.wait("ACTIVE")
    assert server.run("/bin/busybox cat /file") == "kept\n"


def test_a_snapshot_takes_no_tag_and_is_pulled_by_its_id(
    member: Member, image: str, server: Server
) -> None:
    server.run("echo kept >/file")
    made = snapshot(server, "snapshots:latest")
    of_tag, of_snapshot = (
        member.connection.image.get_image(one).properties["oci_digest"] for one in (image, made)
    )
    docker, reference = member.docker, member.region.registry.reference
    assert of_tag in docker("pull", reference("snapshots:latest"))
    by_id = reference(f"glance/{made}")
    assert of_snapshot in docker("pull", by_id)
    look = ("run", "--rm", "--network=none", by_id, "/bin/busybox", "cat", "/file")
    assert docker.output(*look) == b"kept\n"
    docker("image", "rm", by_id)
    member.connection.image.delete_image(made)


def test_a_snapshot_that_fails_leaves_nothing(member: Member, server: Server) -> None:
    member.region.registry.stop()
    try:
        member.compute.create_server_image(server.id, "lost")
        wait(lambda: images(member, "lost") == [], "the end of the image")
        server.wait("ACTIVE")
        member.compute.shelve_server(server.id)
        server.wait("SHUTOFF")
    finally:
        member.region.registry.start()
    assert [one.name for one in member.connection.image.images() if "-shelved" in one.name] == []
    assert member.region.commits_of([server.id]) == []


def test_only_so_many_backups_are_kept(member: Member, server: Server) -> None:
    for name in ("backup-1", "backup-2"):
        member.compute.backup_server(server.id, name, "daily", 1)
        server.wait("ACTIVE")
        wait(lambda n=name: [one.status for one in images(member, n)] == ["active"], name)
    wait(lambda: images(member, "backup-1") == [], "the end of the first backup")


def test_a_shelved_server_comes_back(member: Member, server: Server) -> None:
    server.run("echo kept >/file")
    member.compute.shelve_server(server.id)
    server.wait("SHELVED_OFFLOADED")
    member.region.check_nothing_left([server.id])
    (shelved,) = [one for one in member.connection.image.images() if "-shelved" in one.name]
    member.compute.unshelve_server(server.id)
    server.wait("ACTIVE")
    assert server.run("/bin/busybox cat /file") == "kept\n"
    wait(lambda: images(member, shelved.name) == [], "the end of the shelved image")


def test_a_shelved_server_is_deleted(member: Member, server: Server) -> None:
    member.compute.shelve_server(server.id)
    server.wait("SHELVED_OFFLOADED")
    member.delete([server])


def test_a_strangers_snapshot_cannot_be_booted(
    member: Member, stranger: Member, server: Server
) -> None:
    made = snapshot(server, "mine")
    with pytest.raises(BadRequestException, match="image"):
        stranger.ask(made)
    member.connection.image.delete_image(made)
