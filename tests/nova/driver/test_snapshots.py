"""Snapshots: a container becomes an image in Glance, and servers are made of that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from nova import exception
from nova.compute import power_state, task_states, vm_states
from nova.compute import utils as compute_utils
from nova.image import glance
from nova.objects.instance import Instance
from nova.virt import event

from nova_driver.docker.volumes import dockerfile
from tests.clients.engine import Engine
from tests.conftest import StartRegistry
from tests.nova.driver.conftest import started
from tests.nova.driver.host import Host, images, instance, wait
from tests.nova.driver.user import User

#: Says what it finds in a file, and what it was told to be.
KEEPER = (
    "/bin/busybox cat /note; /bin/busybox env | /bin/busybox grep NOTE; /bin/busybox sleep 1000"
)

#: Ends when the Engine does.
OBEDIENT = "trap 'exit 0' TERM; while :; do /bin/busybox sleep 0.1; done"

PAUSED, RESUMED = event.EVENT_LIFECYCLE_PAUSED, event.EVENT_LIFECYCLE_RESUMED
STOPPED = event.EVENT_LIFECYCLE_STOPPED
PENDING, UPLOADING = task_states.IMAGE_PENDING_UPLOAD, task_states.IMAGE_UPLOADING


@pytest.fixture(scope="module")
def image(user: User) -> str:
    return user.push("snapshots:latest", KEEPER, "ENV NOTE=a")


@pytest.fixture
def server(host: Host, user: User, image: str) -> Instance:
    """A server that has written something."""
    made = host.boot(user, image)
    write(host, made, "remember")
    return made


def write(host: Host, made: Instance, text: str) -> None:
    """Write into the file that the server shows when it starts."""
    name = f"nova-{made.uuid}"
    host.engine.docker("exec", name, "/bin/busybox", "sh", "-c", f"echo {text} > /note")


def queued(user: User, made: Instance, name: str = "snap") -> str:
    """The image that nova-api makes before it asks for a snapshot."""
    row = compute_utils.create_image(user.context, made, name, "snapshot", glance.API())
    return str(row["id"])


def snapshot(host: Host, user: User, made: Instance, row: str) -> list[tuple[str, str | None]]:
    """Have the driver fill an image; the states that it went through, each with what it expected.

    The context is as nova-compute has it.
    """
    states: list[tuple[str, str | None]] = []

    def update(task_state: str, expected_state: str | None = None) -> None:
        states.append((task_state, expected_state))

    host.driver.snapshot(user.context.elevated(), made, row, update)
    return states


def test_a_snapshot_boots_with_what_was_written(host: Host, user: User, server: Instance) -> None:
    row = queued(user, server)
    before = images(host)
    assert snapshot(host, user, server, row) == [(PENDING, None), (UPLOADING, PENDING)]
    assert images(host) == before
    facts = user.image(row)
    assert (facts["status"], facts["container_format"], facts["disk_format"]) == (
        *("active", "docker", "raw"),
    )
    again = host.boot(user, row)
    wait(lambda: host.console(again) == "remember\nNOTE=a", "what was written")
    assert host.inspect(again)["Config"]["Image"] == user.registry.reference("snap:latest")
    assert host.state(server) == power_state.RUNNING


def test_a_snapshot_of_another_name_is_called_so(host: Host, user: User, server: Instance) -> None:
    row = queued(user, server, "snapshots:tonight")
    snapshot(host, user, server, row)
    again = host.boot(user, row)
    assert host.inspect(again)["Config"]["Image"] == user.registry.reference("snapshots:tonight")


@pytest.mark.parametrize("before", ["running", "paused", "stopped"])
def test_the_server_stays_as_it_was(host: Host, user: User, server: Instance, before: str) -> None:
    verbs = {"running": "get_info", "paused": "pause", "stopped": "power_off"}
    getattr(host.driver, verbs[before])(server)
    was = host.inspect(server)["State"]
    row = queued(user, server)
    snapshot(host, user, server, row)
    assert host.inspect(server)["State"] == was
    again = host.boot(user, row)
    wait(lambda: "remember" in host.console(again), "what was written")


#: the option, the image's property -> whether a server stands still
WORDS = {
    "the option": (False, None, False),
    "the image": (True, "false", False),
    "the image against the option": (False, "true", True),
    "the option, as the image makes no sense": (True, "perhaps", True),
}


@pytest.mark.parametrize("who", WORDS)
def test_a_server_stands_still_if_it_is_said(
    engine: Engine, user: User, image: str, who: str
) -> None:
    option, said, stands = WORDS[who]
    facts = user.image(image)
    facts["properties"] |= {"docker_snapshot_pause": said} if said else {}
    for host in started(engine, user.registry.address, snapshot_pause=option):
        made = instance(facts)
        host.spawn(user, made, facts)
        snapshot(host, user, made, queued(user, made))
        host.driver.power_off(made)
        wait(lambda heard=host.heard, end=(made.uuid, STOPPED): end in heard, "the end")
        assert [(made.uuid, one) in host.heard for one in (PAUSED, RESUMED)] == [stands, stands]


def test_a_container_of_a_snapshot_is_not_ours(host: Host, user: User, server: Instance) -> None:
    row = queued(user, server)
    snapshot(host, user, server, row)
    docker, reference = host.engine.docker, user.registry.reference(f"glance/{row}")
    docker("pull", reference)
    docker("run", "--detach", "--network=none", "--name", "foreign", reference)
    try:
        assert host.driver.list_instance_uuids() == [server.uuid]
        words = ("inspect", "--format", "{{json .Config.Labels}}", "foreign")
        assert server.uuid not in docker.output(*words).decode()
    finally:
        docker("rm", "--force", "foreign")
        docker("image", "rm", reference)


def test_a_user_pushes_as_himself(
    tenant_host: Host, tenant: User, stranger: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    made = tenant_host.boot(tenant, tenant.push("mine:latest", KEEPER))
    tenant.engine.docker("logout", tenant.registry.address)
    try:
        row = queued(tenant, made)
        with pytest.raises(exception.InternalError):
            snapshot(tenant_host, stranger, made, row)
        assert tenant.image(row)["status"] == "queued"
        snapshot(tenant_host, tenant, made, row)
    finally:
        tenant.login(f"{tenant.credentials.username}@Default/{tenant.credentials.project}@Default")
    assert tenant.image(row)["status"] == "active"
    for user in (tenant, stranger):
        assert user.context.auth_token not in caplog.text


def test_a_push_that_is_refused_leaves_nothing(host: Host, user: User, server: Instance) -> None:
    row, before = queued(user, server), images(host)
    glance.API().delete(user.context, row)
    with pytest.raises(exception.InternalError, match=row):
        snapshot(host, user, server, row)
    assert images(host) == before
    assert host.state(server) == power_state.RUNNING


def test_a_snapshot_without_a_registry_leaves_nothing(
    engine: Engine, start_registry: StartRegistry, user: User
) -> None:
    """Nova itself deletes the image of a snapshot that failed, but not that of a shelved server."""
    registry = start_registry()
    there = replace(user, registry=registry)
    for host in started(engine, registry.address):
        made = host.boot(there, there.push("alone:latest", KEEPER))
        row, before = queued(there, made), images(host)
        registry.stop()
        made.task_state = task_states.SHELVING
        with pytest.raises(exception.InternalError):
            snapshot(host, there, made, row)
        assert images(host) == before
        with pytest.raises(exception.ImageNotFound):
            there.image(row)
        assert host.state(made) == power_state.RUNNING


def test_a_snapshot_without_an_engine_leaves_nothing(mortal_host: Host, user: User) -> None:
    host = mortal_host
    made = host.boot(user, user.push("mortal:latest", OBEDIENT))
    row, node = queued(user, made), host.driver._node
    push = node.snapshots._images.push

    def away(*arguments: object) -> None:
        host.engine.stop()
        push(*arguments)

    node.snapshots._images.push = away
    with pytest.raises(exception.HypervisorUnavailable):
        snapshot(host, user, made, row)
    with pytest.raises(exception.ImageNotFound):
        user.image(row)
    host.engine.start()
    assert any(f"nova-server:{made.uuid}" in one for one in images(host))
    host.driver.manage_image_cache(None, [])
    assert not any(made.uuid in one or row in one for one in images(host))


def test_layers_outlive_the_image_that_had_them_first(
    host: Host, other_host: Host, user: User
) -> None:
    base = user.push("base:latest", KEEPER, "ENV NOTE=b")
    made = host.boot(user, base)
    write(host, made, "remember")
    row = queued(user, made)
    snapshot(host, user, made, row)
    glance.API().delete(user.context, base)
    again = other_host.boot(user, row)
    wait(lambda: other_host.console(again) == "remember\nNOTE=b", "what was written")


def test_a_server_that_is_gone_has_no_snapshot(host: Host, user: User, server: Instance) -> None:
    row = queued(user, server)
    host.driver.destroy(user.context, server, [])
    with pytest.raises(exception.InstanceNotFound):
        snapshot(host, user, server, row)
    assert user.image(row)["status"] == "queued"


def test_a_shelved_server_comes_back_with_what_was_written(
    host: Host, other_host: Host, user: User, server: Instance
) -> None:
    row = queued(user, server, "server-shelved")
    server.task_state = task_states.SHELVING
    host.driver.power_off(server)
    snapshot(host, user, server, row)
    host.driver.destroy(user.context, server, [])
    assert host.driver.list_instance_uuids() == []
    # What Nova keeps of the image in the instance is of the one of the first boot, still.
    server.task_state, server.image_ref = task_states.SPAWNING, row
    other_host.spawn(user, server, user.image(row))
    wait(lambda: "remember" in other_host.console(server), "what was written")


@pytest.mark.parametrize("before", ["running", "paused", "stopped"])
def test_volumes_are_in_it(host: Host, other_host: Host, user: User, before: str) -> None:
    volumes = 'VOLUME ["/data", "/var/two words", "/deep/er/data"]'
    made = host.boot(user, user.push("volumes:latest", KEEPER, volumes))
    shell = ("exec", f"nova-{made.uuid}", "/bin/busybox", "sh", "-c")
    change = (
        "cd /data; echo first > a; /bin/busybox chown 123:456 a .; /bin/busybox chmod 750 .; "
        "/bin/busybox chmod 640 a; "
        "/bin/busybox ln -s a b; echo second > '/var/two words/c'; echo third > /deep/er/data/d"
    )
    host.engine.docker(*shell, change)
    verbs = {"running": "get_info", "paused": "pause", "stopped": "power_off"}
    getattr(host.driver, verbs[before])(made)
    row, seen, was = queued(user, made), images(host), host.inspect(made)["State"]
    snapshot(host, user, made, row)
    assert images(host) == seen
    assert host.inspect(made)["State"] == was
    again = other_host.boot(user, row)
    look = (
        "cd /data; /bin/busybox stat -c '%u:%g %a' a .; /bin/busybox readlink b; "
        "/bin/busybox cat b '/var/two words/c' /deep/er/data/d"
    )
    shell = ("exec", f"nova-{again.uuid}", "/bin/busybox", "sh", "-c")
    shown = other_host.engine.docker.output(*shell, look).decode().splitlines()
    assert shown == ["123:456 640", "123:456 750", "a", "first", "second", "third"]
    assert len(other_host.inspect(again)["Mounts"]) == 3


def test_odd_folders_are_copied_to_themselves() -> None:
    text = dockerfile("nova-server:a", "nova-server:b", ["/a", "/x y/$HOME/'q'/v", "/l\nRUN x/v"])
    assert text.splitlines() == [
        "FROM nova-server:a",
        'COPY --from=nova-server:b ["/0/", "/"]',
        r"""COPY --from=nova-server:b ["/1/", "/x y/\\$HOME/\\'q\\'/"]""",
        r"""COPY --from=nova-server:b ["/2/", "/l\nRUN x/"]""",
    ]


@pytest.mark.parametrize(
    ("vm_state", "state"),
    [
        (vm_states.ACTIVE, power_state.RUNNING),
        (vm_states.PAUSED, power_state.PAUSED),
        (vm_states.SUSPENDED, power_state.PAUSED),
    ],
)
def test_a_start_thaws_what_a_snapshot_froze(
    host: Host, server: Instance, vm_state: str, state: int
) -> None:
    """nova-compute was ended in between."""
    host.engine.docker("pause", f"nova-{server.uuid}")
    server.vm_state = vm_state
    host.driver.plug_vifs(server, [])
    assert host.state(server) == state


def test_no_server_leaves_its_cell(host: Host, user: User, server: Instance) -> None:
    """Nova would take a snapshot for that, and remove the server meanwhile."""
    row = queued(user, server)
    server.task_state = task_states.RESIZE_MIGRATING
    with pytest.raises(exception.InstanceUnacceptable, match="another cell"):
        snapshot(host, user, server, row)
    assert user.image(row)["status"] == "queued"
