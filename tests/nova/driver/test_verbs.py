"""Each verb of Nova on a real Docker Engine."""

from __future__ import annotations

import pytest
from nova import exception
from nova.compute import power_state
from nova.objects.instance import Instance

from tests.nova.driver.host import Host, flavor, instance, wait
from tests.nova.driver.user import User

#: Runs until it is told to end, and says both.
PATIENT = "trap 'echo bye; exit 7' TERM; echo hello; while :; do /bin/busybox sleep 0.1; done"
#: Hears nothing but SIGKILL.
STUBBORN = "trap '' TERM; echo hello; while :; do /bin/busybox sleep 0.1; done"


@pytest.fixture(scope="module")
def image(user: User) -> str:
    """The row of an image that runs until it is told to end."""
    return user.push("verbs:latest", PATIENT)


@pytest.fixture
def server(host: Host, user: User, image: str) -> Instance:
    """A server that has said hello."""
    made = host.boot(user, image)
    wait(lambda: host.console(made) == "hello", "a greeting")
    return made


def test_spawn_runs_what_was_pushed(host: Host, user: User, server: Instance) -> None:
    found = host.inspect(server)
    assert found["State"]["Status"] == "running"
    assert found["Config"]["Image"] == user.registry.reference("verbs:latest")
    assert found["Name"] == f"/nova-{server.uuid}"
    assert found["Config"]["Hostname"] == "test"
    assert host.state(server) == power_state.RUNNING


def test_docker_ps_shows_the_image_by_its_name(host: Host, user: User, server: Instance) -> None:
    words = ("ps", "--filter", f"name=nova-{server.uuid}", "--format", "{{.Image}} {{.Status}}")
    shown = host.engine.docker.output(*words).decode()
    assert shown.startswith(f"{user.registry.reference('verbs:latest')} Up ")


def test_a_server_is_listed_by_name_and_uuid(host: Host, server: Instance) -> None:
    assert host.driver.list_instance_uuids() == [server.uuid]
    assert host.driver.list_instances() == [server.name]
    assert host.driver.get_num_instances() == 1
    assert host.driver.instance_exists(server)


def test_spawn_may_leave_it_off(host: Host, user: User, image: str) -> None:
    facts = user.image(image)
    made = instance(facts)
    host.spawn(user, made, facts, power_on=False)
    assert host.state(made) == power_state.SHUTDOWN
    assert host.console(made) == ""


def test_stop_waits_for_the_end(host: Host, server: Instance) -> None:
    host.driver.power_off(server, 20, 1)
    assert host.state(server) == power_state.SHUTDOWN
    assert host.inspect(server)["State"]["ExitCode"] == 7
    assert host.console(server) == "hello\nbye"


def test_stop_kills_what_does_not_end(host: Host, user: User) -> None:
    made = host.boot(user, user.push("stubborn:latest", STUBBORN))
    wait(lambda: host.console(made) == "hello", "a greeting")
    host.driver.power_off(made, 1, 1)
    assert host.inspect(made)["State"]["ExitCode"] == 137


def test_stop_and_start_may_be_repeated(host: Host, server: Instance) -> None:
    for _ in range(2):
        host.driver.power_off(server)
        assert host.state(server) == power_state.SHUTDOWN
    for _ in range(2):
        host.driver.power_on(None, server, [])
        assert host.state(server) == power_state.RUNNING


def test_a_soft_reboot_lets_it_end(host: Host, server: Instance) -> None:
    host.driver.reboot(None, server, [], "SOFT")
    assert host.state(server) == power_state.RUNNING
    wait(lambda: host.console(server) == "hello\nbye\nhello", "a second greeting")


@pytest.mark.parametrize("before", ["running", "paused", "stopped"])
def test_a_hard_reboot_brings_it_up(host: Host, server: Instance, before: str) -> None:
    if before == "paused":
        host.driver.pause(server)
    if before == "stopped":
        host.driver.power_off(server)
    started = host.inspect(server)["State"]["StartedAt"]
    host.driver.reboot(None, server, [], "HARD")
    assert host.state(server) == power_state.RUNNING
    assert host.inspect(server)["State"]["StartedAt"] > started


def test_pause_freezes(host: Host, server: Instance) -> None:
    host.driver.pause(server)
    assert host.state(server) == power_state.PAUSED
    host.driver.unpause(server)
    assert host.state(server) == power_state.RUNNING


def test_suspend_freezes(host: Host, server: Instance) -> None:
    host.driver.suspend(None, server)
    assert host.state(server) == power_state.PAUSED
    host.driver.resume(None, server, [])
    assert host.state(server) == power_state.RUNNING
    assert host.console(server) == "hello"


@pytest.mark.parametrize("before", ["paused", "stopped", "running"])
def test_the_boot_of_the_host_brings_it_up(host: Host, server: Instance, before: str) -> None:
    if before == "paused":
        host.driver.pause(server)
    if before == "stopped":
        host.driver.power_off(server)
    host.driver.resume_state_on_host_boot(None, server, [], None)
    assert host.state(server) == power_state.RUNNING


def test_a_soft_deleted_server_can_be_restored(host: Host, server: Instance) -> None:
    host.driver.soft_delete(server)
    assert host.state(server) == power_state.SHUTDOWN
    assert host.console(server) == "hello\nbye"
    host.driver.restore(server)
    assert host.state(server) == power_state.RUNNING


@pytest.mark.parametrize("before", ["running", "paused", "stopped", "gone"])
def test_destroy_leaves_nothing(host: Host, server: Instance, before: str) -> None:
    if before == "paused":
        host.driver.pause(server)
    if before == "stopped":
        host.driver.power_off(server)
    if before == "gone":
        host.driver.destroy(None, server, [])
    host.driver.destroy(None, server, [])
    assert host.driver.list_instance_uuids() == []
    with pytest.raises(exception.InstanceNotFound):
        host.driver.get_info(server)


def test_destroy_takes_volumes_along(host: Host, user: User) -> None:
    made = host.boot(user, user.push("volume:latest", PATIENT, "VOLUME /data"))
    (mount,) = host.inspect(made)["Mounts"]
    host.driver.destroy(None, made, [])
    assert mount["Name"] not in host.engine.docker.output("volume", "ls", "--quiet").decode()


def test_a_rebuild_of_the_same_image_is_the_same(host: Host, user: User) -> None:
    image = user.push("moved:latest", PATIENT)
    made = host.boot(user, image)
    first = host.inspect(made)
    assert user.push("moved:latest", "echo another") != image
    other = host.boot(user, user.row("moved:latest"))
    assert host.inspect(other)["Image"] != first["Image"]
    # Nova's own rebuild, for drivers without one.
    host.driver.destroy(None, made, [])
    host.spawn(user, made, user.image(image))
    again = host.inspect(made)
    assert again["Image"] == first["Image"]
    assert again["Id"] != first["Id"]
    with pytest.raises(NotImplementedError):
        host.driver.rebuild(None, made, None, [], None, {}, [], None, None)


VERBS = {
    "get_info": (),
    "pause": (),
    "unpause": (),
    "power_off": (),
    "soft_delete": (),
    "restore": (),
    "get_diagnostics": (),
    "get_instance_diagnostics": (),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_server_that_is_gone_is_not_found(host: Host, user: User, image: str, verb: str) -> None:
    with pytest.raises(exception.InstanceNotFound):
        getattr(host.driver, verb)(instance(user.image(image)))


def test_a_failed_spawn_leaves_nothing(host: Host, user: User) -> None:
    image = user.push("broken:latest", "true", 'CMD ["/no/such/program"]')
    with pytest.raises(exception.InvalidInput, match="/no/such/program"):
        host.boot(user, image)
    assert host.driver.list_instance_uuids() == []


def test_what_a_broken_try_has_left_is_replaced(host: Host, user: User, image: str) -> None:
    facts = user.image(image)
    made = instance(facts)
    host.spawn(user, made, facts, power_on=False)
    before = host.inspect(made)["Id"]
    host.spawn(user, made, facts)
    found = host.inspect(made)
    assert found["Id"] != before
    assert found["State"]["Running"]


def test_a_long_host_name_is_cut(host: Host, user: User, image: str) -> None:
    named = {
        "web.example.org": "web.example.org",
        "web." + "x" * 250: "web",
        "y" * 255: "y" * 64,
    }
    for asked, given in named.items():
        server = host.boot(user, image, hostname=asked)
        assert host.inspect(server)["Config"]["Hostname"] == given
        assert host.state(server) == power_state.RUNNING


def test_the_flavor_is_the_limit(host: Host, user: User, image: str) -> None:
    made = host.boot(user, image, flavor=flavor(memory_mb=64, vcpus=2, swap=32))
    limits = host.inspect(made)["HostConfig"]
    assert limits["Memory"] == 64 << 20
    assert limits["MemorySwap"] == 96 << 20
    assert (limits["CpuQuota"], limits["CpuPeriod"]) == (200_000, 100_000)
    assert limits["CpuShares"] == 2048
    assert limits["PidsLimit"] == 4096


def test_a_container_has_no_network_and_no_privilege(host: Host, server: Instance) -> None:
    found = host.inspect(server)["HostConfig"]
    assert found["NetworkMode"] == "none"
    assert not found["Privileged"]
    assert found["CapAdd"] is None
    words = ("exec", f"nova-{server.uuid}", "/bin/busybox", "ls", "/sys/class/net")
    assert host.engine.docker.output(*words).split() == [b"lo"]


def test_diagnostics_tell_what_it_uses(host: Host, server: Instance) -> None:
    found = host.driver.get_instance_diagnostics(server)
    assert (found.state, found.hypervisor) == ("running", "docker")
    assert found.memory_details.maximum == 512
    assert 0 < found.memory_details.used < 512
    assert found.num_cpus == len(found.cpu_details) > 0
    assert found.num_nics == 0
    old = host.driver.get_diagnostics(server)
    assert old["memory"] == 512 << 10
    assert old["processes"] > 0
    assert sum(time for name, time in old.items() if name.endswith("_time")) > 0


def test_diagnostics_of_a_stopped_server_are_empty(host: Host, server: Instance) -> None:
    host.driver.power_off(server)
    found = host.driver.get_instance_diagnostics(server)
    assert (found.state, found.uptime) == ("shutdown", 0)
    assert host.driver.get_diagnostics(server)["memory"] == 0
