"""Resizes and cold migrations, step by step as Nova takes them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from nova import exception, objects
from nova.compute import power_state, task_states
from nova.image import glance
from nova.objects.instance import Instance

from nova_driver.docker.engine.errors import Failed
from nova_driver.docker.limits import is_smaller
from nova_driver.docker.luggage import Kept, Sent, packed, unpacked
from tests.clients.engine import Engine
from tests.nova.driver.conftest import started
from tests.nova.driver.host import Host, flavor, images, wait
from tests.nova.driver.user import User

#: Shows what it finds in a file, and ends when it is told to.
KEEPER = (
    "/bin/busybox cat /note; trap 'echo bye; exit 0' TERM; while :; do /bin/busybox sleep 0.1; done"
)


def larger() -> objects.Flavor:
    """m1.small, nearly."""
    return flavor(name="m1.small", flavorid="2", memory_mb=1024, vcpus=2)


@pytest.fixture(scope="module")
def image(user: User) -> str:
    return user.push("migrations:latest", KEEPER)


@pytest.fixture
def server(host: Host, user: User, image: str) -> Instance:
    """A server that has written something."""
    made = host.boot(user, image)
    write(host, made, "remember")
    return made


def write(host: Host, made: Instance, text: str, path: str = "/note") -> None:
    """Write a file that the server shows when it starts."""
    shell = ("/bin/busybox", "sh", "-c", f"echo {text} > {path}")
    host.engine.docker("exec", f"nova-{made.uuid}", *shell)


def containers(host: Host, made: Instance) -> set[str]:
    """The names of all containers that are, or were, an instance's."""
    words = ("ps", "--all", "--filter", f"name={made.uuid}", "--format", "{{.Names}}")
    return set(host.engine.docker.output(*words).decode().split())


def leftovers(user: User, made: Instance) -> list[dict[str, Any]]:
    """The rows in Glance that an instance has travelled in."""
    mine = {"name": f"nova-{made.uuid}", "os_hidden": "true"}
    return list(glance.API().get_all(user.context, filters=mine))


def leave(host: Host, user: User, made: Instance, destination: Host, **changes: Any) -> str:
    """What nova-compute does first, where the server is."""
    made.task_state = task_states.RESIZE_MIGRATING
    wanted = changes.get("flavor") or larger()
    return str(
        host.driver.migrate_disk_and_power_off(
            user.context,
            made,
            destination.driver.get_host_ip_addr(),
            wanted,
            made.get_network_info(),
            None,
            changes.get("timeout", 10),
            1,
        )
    )


def arrive(host: Host, user: User, made: Instance, luggage: str, *, power_on: bool = True) -> None:
    """What nova-compute does then, where the server shall be."""
    made.task_state, made.flavor = task_states.RESIZE_FINISH, larger()
    meta = made.image_meta
    vifs, allocations = made.get_network_info(), {}
    host.driver.finish_migration(
        *(user.context, None, made, luggage, vifs, meta, False, allocations, None, power_on)
    )
    made.task_state = None


def move(host: Host, user: User, made: Instance, destination: Host) -> None:
    arrive(destination, user, made, leave(host, user, made, destination))


def confirm(host: Host, user: User, made: Instance) -> None:
    host.driver.confirm_migration(user.context, None, made, made.get_network_info())


def revert(
    destination: Host, host: Host, user: User, made: Instance, *, power_on: bool = True
) -> None:
    """`server resize revert`: first where the server is, then where it was."""
    made.task_state = task_states.RESIZE_REVERTING
    destination.driver.destroy(user.context, made, made.get_network_info())
    made.flavor = flavor()
    back(host, user, made, power_on=power_on)
    made.task_state = None


def back(host: Host, user: User, made: Instance, *, power_on: bool = True) -> None:
    vifs = made.get_network_info()
    host.driver.finish_revert_migration(user.context, made, vifs, None, None, power_on)


@pytest.fixture(params=["the same host", "another host"])
def destination(request: pytest.FixtureRequest, host: Host) -> Host:
    """Where servers go."""
    if request.param == "the same host":
        return host
    found: Host = request.getfixturevalue("other_host")
    return found


def test_a_server_moves_with_all_it_has_written(
    host: Host, destination: Host, user: User, server: Instance
) -> None:
    before = {each.name: images(each) for each in (host, destination)}
    move(host, user, server, destination)
    assert destination.state(server) == power_state.RUNNING
    wait(lambda: destination.console(server) == "remember", "what was written")
    limits = destination.inspect(server)["HostConfig"]
    assert (limits["Memory"], limits["CpuShares"]) == (1 << 30, 2048)
    assert destination.driver.list_instance_uuids() == [server.uuid]
    assert leftovers(user, server) == []
    confirm(host, user, server)
    assert containers(destination, server) == {f"nova-{server.uuid}"}
    assert destination.state(server) == power_state.RUNNING
    if host is not destination:
        assert containers(host, server) == set()
    destination.driver.destroy(user.context, server, [])
    assert {each.name: images(each) for each in (host, destination)} == before


def test_a_server_goes_back_as_it_was(
    host: Host, destination: Host, user: User, server: Instance
) -> None:
    before, was = images(destination), host.inspect(server)["Id"]
    move(host, user, server, destination)
    write(destination, server, "forget")
    revert(destination, host, user, server)
    assert host.inspect(server)["Id"] == was
    assert host.inspect(server)["HostConfig"]["Memory"] == 512 << 20
    wait(lambda: "remember" in host.console(server), "what was written")
    assert containers(host, server) == {f"nova-{server.uuid}"}
    assert images(destination) == before
    assert leftovers(user, server) == []


def test_a_stopped_server_stays_stopped(
    host: Host, destination: Host, user: User, server: Instance
) -> None:
    host.driver.power_off(server)
    arrive(destination, user, server, leave(host, user, server, destination), power_on=False)
    assert destination.state(server) == power_state.SHUTDOWN
    revert(destination, host, user, server, power_on=False)
    assert host.state(server) == power_state.SHUTDOWN
    host.driver.power_on(user.context, server, [])
    wait(lambda: "remember" in host.console(server), "what was written")


def test_a_server_moves_on_and_on(
    host: Host, other_host: Host, user: User, server: Instance
) -> None:
    before = images(host), images(other_host)
    for source, destination in ((host, other_host), (other_host, other_host), (other_host, host)):
        move(source, user, server, destination)
        confirm(source, user, server)
    wait(lambda: host.console(server) == "remember", "what was written")
    assert other_host.driver.list_instance_uuids() == []
    host.driver.destroy(user.context, server, [])
    assert (images(host), images(other_host)) == before


def test_what_was_set_aside_is_not_listed(
    host: Host, other_host: Host, user: User, server: Instance
) -> None:
    luggage = json.loads(leave(host, user, server, other_host))
    assert containers(host, server) == {f"nova-{server.uuid}-before"}
    assert host.driver.list_instance_uuids() == []
    assert host.driver.list_instances() == []
    with pytest.raises(exception.InstanceNotFound):
        host.driver.get_info(server)
    (row,) = leftovers(user, server)
    assert (row["id"], row["is_public"], row["status"]) == (luggage["image"], False, "active")


def test_a_server_has_time_to_end(host: Host, user: User, server: Instance) -> None:
    leave(host, user, server, host)
    words = ("logs", f"nova-{server.uuid}-before")
    assert host.engine.docker.output(*words).endswith(b"bye\n")


def test_the_image_says_still_what_runs(
    host: Host, other_host: Host, user: User, image: str
) -> None:
    facts = user.image(image)
    facts["properties"]["os_command_line"] = "/bin/busybox sleep 1234"
    made = host.boot(user, image)
    host.driver.destroy(user.context, made, [])
    host.spawn(user, made, facts)
    # `sleep` as the first process hears no SIGTERM.
    luggage = leave(host, user, made, other_host, timeout=0)
    arrive(other_host, user, made, luggage)
    assert other_host.inspect(made)["Config"]["Cmd"] == ["/bin/busybox", "sleep", "1234"]


def test_a_server_can_be_snapshot_and_rebuilt_thereafter(
    host: Host, other_host: Host, user: User, server: Instance, image: str
) -> None:
    move(host, user, server, other_host)
    confirm(host, user, server)
    other_host.driver.destroy(user.context, server, [])
    other_host.spawn(user, server, user.image(image))
    shown = other_host.inspect(server)["Config"]["Image"]
    assert shown == user.registry.reference("migrations:latest")


# What goes wrong


def test_a_disk_does_not_shrink_where_it_is_limited(
    host: Host, user: User, server: Instance
) -> None:
    migrations = host.driver._node.migrations
    migrations._terms = replace(migrations._terms, limits_disk=True)
    server.flavor = flavor(root_gb=2)
    with pytest.raises(exception.InstanceFaultRollback) as raised:
        leave(host, user, server, host, flavor=flavor(root_gb=1))
    assert isinstance(raised.value.inner_exception, exception.ResizeError)
    assert host.state(server) == power_state.RUNNING
    assert b"bye" not in host.console(server).encode()


@pytest.mark.parametrize(
    ("new", "old", "smaller"),
    [(1, 2, True), (2, 2, False), (3, 2, False), (0, 2, False), (2, 0, True), (0, 0, False)],
)
def test_no_limit_is_the_largest_disk(new: int, old: int, smaller: bool) -> None:
    assert is_smaller(new, old) is smaller


@pytest.mark.parametrize("before", [power_state.RUNNING, power_state.SHUTDOWN])
def test_a_push_that_fails_leaves_all_as_it_was(
    host: Host, other_host: Host, user: User, server: Instance, before: int
) -> None:
    if before == power_state.SHUTDOWN:
        host.driver.power_off(server)
    seen, migrations = images(host), host.driver._node.migrations
    migrations._registry = migrations._commits._registry = "127.0.0.1:1"
    with pytest.raises(exception.InstanceFaultRollback) as raised:
        leave(host, user, server, other_host)
    assert isinstance(raised.value.inner_exception, exception.InternalError)
    assert host.state(server) == before
    assert containers(host, server) == {f"nova-{server.uuid}"}
    assert images(host) == seen
    assert leftovers(user, server) == []


def test_whom_the_registry_does_not_know_moves_nothing(
    tenant_host: Host, tenant: User, other_engine: Engine
) -> None:
    made = tenant_host.boot(tenant, tenant.push("moved-by:latest", KEEPER))
    context = tenant.context.elevated()
    context.auth_token = "gAAAAABnobody"
    hosts = started(other_engine, tenant.registry.address)
    other = next(hosts)
    with pytest.raises(exception.InstanceFaultRollback) as raised:
        tenant_host.driver.migrate_disk_and_power_off(
            context, made, other.driver.get_host_ip_addr(), larger(), [], None, 0, 0
        )
    next(hosts, None)
    assert context.auth_token not in str(raised.value.inner_exception)
    assert tenant_host.state(made) == power_state.RUNNING


def test_a_volume_comes_along(host: Host, destination: Host, user: User) -> None:
    made = host.boot(user, user.push("volume-moves:latest", KEEPER, "VOLUME /data"))
    write(host, made, "kept", "/data/file")
    move(host, user, made, destination)
    confirm(host, user, made)
    (volume,) = destination.inspect(made)["Mounts"]
    assert volume["Destination"] == "/data"
    words = ("exec", f"nova-{made.uuid}", "/bin/busybox", "cat", "/data/file")
    assert destination.engine.docker.output(*words) == b"kept\n"
    destination.driver.destroy(user.context, made, [])
    for each in (host, destination):
        assert each.engine.docker.output("volume", "ls", "--quiet").decode() == ""


def test_a_volume_survives_the_way_back(host: Host, user: User) -> None:
    made = host.boot(user, user.push("volume-stays:latest", KEEPER, "VOLUME /data"))
    write(host, made, "kept", "/data/file")
    move(host, user, made, host)
    revert(host, host, user, made)
    words = ("exec", f"nova-{made.uuid}", "/bin/busybox", "cat", "/data/file")
    assert host.engine.docker.output(*words) == b"kept\n"


def test_a_resize_that_fails_gives_the_old_server_back(
    host: Host, user: User, server: Instance
) -> None:
    seen, was = images(host), host.inspect(server)["Id"]
    luggage = leave(host, user, server, host)
    server.flavor = flavor(memory_mb=1)
    vifs, meta = server.get_network_info(), server.image_meta
    with pytest.raises(exception.InstanceFaultRollback) as raised:
        host.driver.finish_migration(
            *(user.context, None, server, luggage, vifs, meta, False, {}, None, True)
        )
    assert isinstance(raised.value.inner_exception, exception.InvalidInput)
    assert host.inspect(server)["Id"] == was
    assert host.state(server) == power_state.RUNNING
    assert containers(host, server) == {f"nova-{server.uuid}"}
    assert images(host) == seen


def test_a_hard_reboot_brings_what_did_not_arrive(
    host: Host, other_host: Host, user: User, server: Instance
) -> None:
    seen = images(other_host)
    luggage = leave(host, user, server, other_host)
    other_host.driver._node.migrations._registry = "127.0.0.1:1"
    with pytest.raises(exception.InternalError):
        arrive(other_host, user, server, luggage)
    assert containers(other_host, server) == set()
    assert images(other_host) == seen
    other_host.driver._node.migrations._registry = user.registry.address
    other_host.driver.reboot(user.context, server, server.get_network_info(), "HARD")
    wait(lambda: other_host.console(server) == "remember", "what was written")
    assert leftovers(user, server) == []
    # Nova asks for this when the server is deleted.
    assert host.driver.delete_instance_files(server)
    assert containers(host, server) == set()


def test_deleting_what_did_not_arrive_leaves_nothing(
    host: Host, other_host: Host, user: User, server: Instance
) -> None:
    seen = images(host), images(other_host)
    leave(host, user, server, other_host)
    other_host.driver.destroy(user.context, server, [])
    assert host.driver.delete_instance_files(server)
    assert leftovers(user, server) == []
    assert containers(host, server) == set()
    assert (images(host)) == seen[0]
    assert (images(other_host)) == seen[1]


@pytest.mark.parametrize("before", [power_state.RUNNING, power_state.SHUTDOWN])
def test_a_start_in_the_middle_takes_it_back(
    host: Host, destination: Host, user: User, server: Instance, before: int
) -> None:
    """nova-compute starts, and finds a server that it was about to migrate."""
    seen, was = images(host), host.inspect(server)["Id"]
    power_on = before == power_state.RUNNING
    if not power_on:
        host.driver.power_off(server)
    leave(host, user, server, destination)
    for _ in range(2):
        back(host, user, server, power_on=power_on)
        assert host.inspect(server)["Id"] == was
        assert host.state(server) == before
    assert images(host) == seen
    assert leftovers(user, server) == []


def test_a_hard_reboot_brings_back_what_was_set_aside(
    host: Host, user: User, server: Instance
) -> None:
    was = host.inspect(server)["Id"]
    leave(host, user, server, host)
    host.driver.reboot(user.context, server, [], "HARD")
    assert host.inspect(server)["Id"] == was
    assert host.state(server) == power_state.RUNNING


def test_an_old_container_left_over_is_no_obstacle(
    host: Host, other_host: Host, user: User, server: Instance
) -> None:
    move(host, user, server, other_host)
    write(other_host, server, "later")
    # Nobody confirms on the first host; it was away, say.
    move(other_host, user, server, host)
    wait(lambda: host.console(server) == "later", "what was written last")
    assert containers(host, server) == {f"nova-{server.uuid}"}


def test_an_engine_that_goes_away_in_the_middle_takes_nothing_along(
    mortal_host: Host, other_host: Host, user: User, image: str
) -> None:
    made = mortal_host.boot(user, image)
    write(mortal_host, made, "remember")
    seen, push = images(mortal_host), mortal_host.driver._node.migrations._images.push

    def away(*arguments: object) -> None:
        mortal_host.engine.stop()
        push(*arguments)

    mortal_host.driver._node.migrations._images.push = away
    with pytest.raises(exception.HypervisorUnavailable):
        leave(mortal_host, user, made, other_host)
    assert leftovers(user, made) == []
    mortal_host.engine.start()
    mortal_host.driver.reboot(user.context, made, [], "HARD")
    wait(lambda: "remember" in mortal_host.console(made), "what was written")
    mortal_host.driver.destroy(user.context, made, [])
    assert images(mortal_host) == seen


def test_what_an_admin_moved_only_he_can_fetch(
    tenant_host: Host,
    tenant: User,
    stranger: User,
    other_engine: Engine,
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = tenant_host.boot(tenant, tenant.push("moved-for:latest", KEEPER))
    for other in started(other_engine, tenant.registry.address):
        luggage = leave(tenant_host, tenant, made, other)
        with pytest.raises(exception.MigrationError, match="not for you"):
            arrive(other, stranger, made, luggage)
        with pytest.raises(exception.MigrationError, match="not for you"):
            other.driver.reboot(stranger.context, made, [], "HARD")
        (row,) = leftovers(tenant, made)
        other.driver.destroy(stranger.context, made, [])
        assert row["id"] in caplog.text
        assert [left["id"] for left in leftovers(tenant, made)] == [row["id"]]
        # He comes later, and it is known still.
        other.driver.destroy(tenant.context, made, [])
    assert leftovers(tenant, made) == []
    assert stranger.context.auth_token not in caplog.text


class Killed(BaseException):
    """nova-compute is no more."""


def test_an_end_amid_the_push_leaves_nothing_unknown(
    host: Host, other_host: Host, user: User, server: Instance
) -> None:
    images_before, push = images(host), host.driver._node.migrations._images.push

    def killed(*arguments: object) -> None:
        push(*arguments)
        raise Killed

    host.driver._node.migrations._images.push = killed
    with pytest.raises(Killed):
        leave(host, user, server, other_host)
    (row,) = leftovers(user, server)
    assert server.saved["docker_transit"] == row["id"]
    # As it is in the database.
    server.system_metadata = server.saved
    back(host, user, server)
    assert leftovers(user, server) == []
    assert images(host) == images_before
    assert "docker_transit" not in server.system_metadata


def test_a_hard_reboot_on_the_old_host_brings_the_old_container_back(
    host: Host, other_host: Host, user: User, server: Instance
) -> None:
    """Nova has failed when the server had left, and before it had arrived."""
    was, seen = host.inspect(server)["Id"], images(other_host)
    leave(host, user, server, other_host)
    host.driver.reboot(user.context, server, [], "HARD")
    assert host.inspect(server)["Id"] == was
    assert host.state(server) == power_state.RUNNING
    assert containers(host, server) == {f"nova-{server.uuid}"}
    assert leftovers(user, server) == []
    assert not [key for key in server.system_metadata if key.startswith("docker_")]
    assert images(other_host) == seen


FLAVORS = {
    "an ephemeral disk": {"ephemeral_gb": 1},
    "shares": {"extra_specs": {"quota:cpu_shares": "many"}},
    "a privilege": {"extra_specs": {"docker:privileged": "perhaps"}},
}


@pytest.mark.parametrize("kind", FLAVORS)
def test_a_flavor_is_refused_before_the_server_is_stopped(
    host: Host, destination: Host, user: User, server: Instance, kind: str
) -> None:
    was = host.inspect(server)["State"]
    with pytest.raises(exception.InstanceFaultRollback) as raised:
        leave(host, user, server, destination, flavor=flavor(**FLAVORS[kind]))
    assert isinstance(raised.value.inner_exception, exception.ResizeError)
    assert host.inspect(server)["State"] == was


def test_a_half_made_container_does_not_stay_for_the_old_one(
    host: Host, user: User, server: Instance
) -> None:
    was = host.inspect(server)["Id"]
    luggage = leave(host, user, server, host)
    servers, failed = host.driver._node.servers, iter([Failed("start"), Failed("destroy")])

    def fail(*_: object) -> None:
        raise next(failed)

    servers._start_wired = servers.destroy = fail
    with pytest.raises(exception.InstanceFaultRollback):
        arrive(host, user, server, luggage)
    assert host.inspect(server)["Id"] == was
    assert containers(host, server) == {f"nova-{server.uuid}"}


def test_a_name_that_others_gave_stays(host: Host, user: User, server: Instance) -> None:
    luggage = json.loads(leave(host, user, server, host))
    host.engine.docker("tag", luggage["commit"], "keep/me:1")
    back(host, user, server)
    left = "".join(images(host))
    assert server.uuid not in left
    assert "keep/me:1" in left
    host.engine.docker("rmi", "keep/me:1")


LUGGAGE = {
    "nothing": "",
    "no JSON": "{",
    "a list": "[]",
    "what libvirt sends": '[{"type": "qcow2", "path": "/disk"}]',
    "an image of another": '{"commit": "docker-busybox:latest"}',
    "no UUID": '{"image": "../v2", "digest": "sha256:%s"}' % ("0" * 64),
    "no digest": '{"image": "0c1d2e3f-0000-4000-8000-000000000001", "digest": "latest"}',
    "numbers": '{"commit": 1}',
}


@pytest.mark.parametrize("kind", LUGGAGE)
def test_foreign_luggage_is_refused(kind: str) -> None:
    with pytest.raises(exception.MigrationError):
        unpacked(LUGGAGE[kind])


UUID = "0c1d2e3f-0000-4000-8000-000000000001"
PACKED = [Kept(f"nova-server:{UUID}-0123abcd"), Sent(UUID, "sha512:" + "a" * 128)]


@pytest.mark.parametrize("luggage", PACKED, ids=["kept", "sent"])
def test_luggage_is_the_same_when_unpacked(luggage: Kept | Sent) -> None:
    assert unpacked(packed(luggage)) == luggage
    assert len(packed(luggage)) < 255, "Nova's system_metadata holds no more"


def test_a_rescue_is_refused_before_the_server_is_stopped(
    host: Host, user: User, server: Instance
) -> None:
    server.task_state = task_states.RESCUING
    with pytest.raises(NotImplementedError, match="hard reboot"):
        host.driver.power_off(server, 60, 10)
    assert host.state(server) == power_state.RUNNING
