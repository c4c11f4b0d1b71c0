"""What a member's server is, and what he is told of it."""

from __future__ import annotations

import pytest

from tests.clients.engine import Engine
from tests.nova.lifecycle.commands import SILENT
from tests.nova.lifecycle.member import Member
from tests.nova.lifecycle.region import Region, wait
from tests.nova.lifecycle.server import Server

SAYS = f"echo one; echo two >&2; echo three; {SILENT}"
TWENTY = 20


@pytest.fixture(scope="module")
def image(member: Member) -> str:
    """One with a configuration of its own."""
    changes = ("ENV COLOUR=green", "USER 1000:1000", "WORKDIR /srv")
    return member.push("team/boot:1.0", SAYS, *changes)


def test_the_image_says_what_runs(server: Server) -> None:
    found = server.container["Config"]
    assert found["Cmd"] == ["/bin/busybox", "sh", "-c", SAYS]
    assert "COLOUR=green" in found["Env"]
    assert (found["User"], found["WorkingDir"]) == ("1000:1000", "/srv")


def test_docker_ps_shows_the_image_by_its_name(region: Region, server: Server) -> None:
    shown = [
        engine.docker.output(
            "ps", "--filter", f"name=nova-{server.id}", "--format", "{{.Image}} {{.Status}}"
        ).decode()
        for engine in region.engines.values()
    ]
    assert "".join(shown).startswith(f"{region.registry.reference('team/boot:1.0')} Up ")


def test_show_and_list_tell_of_it(member: Member, image: str, server: Server) -> None:
    found = server.show()
    assert (found.status, found.vm_state, found.power_state) == ("ACTIVE", "active", 1)
    assert found.image.id == image
    assert found.flavor.name == "m1.nano"
    assert found.addresses == {}
    assert found.fault is None
    assert server.id in [one.id for one in member.compute.servers()]


def test_nobody_else_sees_it(stranger: Member, server: Server) -> None:
    assert stranger.compute.find_server(server.id) is None
    assert server.id not in [one.id for one in stranger.compute.servers()]


def test_placement_counts_it(server: Server) -> None:
    (allocation,) = server.member.region.allocations(server.id).values()
    assert allocation["resources"] == {"VCPU": 1, "MEMORY_MB": 64, "DISK_GB": 1}


def test_the_console_is_what_it_wrote(server: Server) -> None:
    wait(lambda: server.console().count("\n") == 2, "three lines")
    lines = server.console().split("\n")
    # Two streams have no order between them.
    assert sorted(lines) == ["one", "three", "two"]
    assert server.console(length=1) == lines[-1]
    assert server.console(length=2) == "\n".join(lines[-2:])
    assert server.console(length=10) == "\n".join(lines)


def test_diagnostics_tell_what_it_uses(region: Region, server: Server) -> None:
    """They are for admins, by Nova's own policy."""
    found = region.admin.compute.get_server_diagnostics(server.id)
    assert (found.state, found.hypervisor) == ("running", "docker")
    assert found.memory_details["maximum"] == 64
    assert 0 < found.memory_details["used"] < 64
    assert found.num_nics == 0


def test_a_silent_server_has_an_empty_console(member: Member) -> None:
    server = member.boot(member.push("silent:latest", SILENT))
    assert server.console() == ""
    assert server.console(length=5) == ""
    member.delete([server])


def test_os_command_line_goes_before_the_images_command(member: Member) -> None:
    image = member.push("command:latest", SILENT)
    member.connection.image.update_image(
        image, os_command_line="/bin/busybox sh -c 'echo \"a b\"; exec /bin/busybox sleep 9999'"
    )
    server = member.boot(image)
    server.wait_console("a b")
    member.delete([server])


def test_twenty_at_once_all_run(region: Region, member: Member, image: str) -> None:
    member.ask(image, "twenty", min_count=TWENTY, max_count=TWENTY)
    asked = list(member.compute.servers(details=False, name="^twenty-"))
    assert len(asked) == TWENTY
    found = [Server(member, one.id).wait("ACTIVE") for one in asked]
    running = [name for engine in region.engines.values() for name in names(engine)]
    assert {f"nova-{server.id}" for server in found} <= set(running)
    member.delete(found)


def names(engine: Engine) -> list[str]:
    """The names of the containers that run."""
    return engine.docker.output("ps", "--format", "{{.Names}}").decode().split()
