"""What a server on this host cannot have, and whom the driver leaves alone."""

from __future__ import annotations

from typing import Any

import nova.conf
import pytest
from nova import exception

from tests.nova.driver.host import Host, flavor, instance
from tests.nova.driver.user import User

SLEEP = "/bin/busybox sleep 1000"

ASKED: dict[str, tuple[dict[str, Any], str]] = {
    "a volume": ({"block_device_info": {"block_device_mapping": [{"x": 1}]}}, "a volume"),
    "a disk": ({"block_device_info": {"ephemerals": [{"size": 1}]}}, "an ephemeral disk"),
    "a file": ({"injected_files": [("/etc/motd", b"hello")]}, "injected files"),
}


@pytest.fixture(scope="module")
def image(user: User) -> str:
    return user.push("refusals:latest", SLEEP)


@pytest.mark.parametrize("what", ASKED)
def test_what_cannot_be_given_is_refused(host: Host, user: User, image: str, what: str) -> None:
    asked, words = ASKED[what]
    facts = user.image(image)
    with pytest.raises(exception.InvalidInput, match=words):
        host.spawn(user, instance(facts), facts, **asked)
    assert host.driver.list_instance_uuids() == []


def test_a_config_drive_is_refused(host: Host, user: User, image: str) -> None:
    with pytest.raises(exception.InvalidInput, match="a config drive"):
        host.boot(user, image, config_drive="True")


def test_a_limit_that_is_no_number_is_refused(host: Host, user: User, image: str) -> None:
    specs = {"quota:cpu_shares": "many"}
    with pytest.raises(exception.InvalidInput, match="quota:cpu_shares"):
        host.boot(user, image, flavor=flavor(extra_specs=specs))


def test_too_little_memory_is_refused(host: Host, user: User, image: str) -> None:
    with pytest.raises(exception.InvalidInput):
        host.boot(user, image, flavor=flavor(memory_mb=1))
    assert host.driver.list_instance_uuids() == []


@pytest.mark.parametrize("labels", [(), ("--label", "org.openstack.nova.host=another")])
def test_what_is_not_ours_is_left_alone(
    host: Host, user: User, image: str, labels: tuple[str, ...]
) -> None:
    made = instance(user.image(image))
    name = f"nova-{made.uuid}"
    docker = host.engine.docker
    reference = user.registry.reference("refusals:latest")
    docker("pull", reference)
    mark = ("--label", f"org.openstack.nova.instance={made.uuid}") if labels else ()
    docker("run", "--detach", "--network=none", "--name", name, *labels, *mark, reference)
    try:
        host.driver.destroy(None, made, [])
        for verb in (host.driver.pause, host.driver.power_off, host.driver.get_info):
            with pytest.raises(exception.InstanceNotFound):
                verb(made)
        with pytest.raises(exception.InternalError):
            host.spawn(user, made, user.image(image))
        assert host.driver.list_instance_uuids() == []
        state = docker.output("inspect", "--format", "{{.State.Status}}", name).strip()
        assert state == b"running"
    finally:
        docker("rm", "--force", name)


def test_the_engine_must_not_show_tokens_around(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Engine of the tests trusts 127.0.0.0/8 only; so the words of one that trusts more."""
    from nova_driver.docker import node

    monkeypatch.setattr(node, "is_exposed", lambda *_: True)
    with pytest.raises(exception.InvalidConfiguration, match="registry_insecure"):
        host.driver.init_host(host.name)
    nova.conf.CONF.set_override("registry_insecure", True, "docker")
    host.driver.cleanup_host(host.name)
    host.driver.init_host(host.name)


UNSUPPORTED: dict[str, tuple[object, ...]] = {
    "rescue": (None, None, [], None, "", None, None),
    "unrescue": (None, None),
    "attach_volume": (None, {}, None, "/dev/vdb"),
    "detach_volume": (None, {}, None, "/dev/vdb"),
    "set_admin_password": (None, ""),
    "get_vnc_console": (None, None),
    "trigger_crash_dump": (None,),
}


@pytest.mark.parametrize("verb", UNSUPPORTED)
def test_what_is_not_there_yet_says_so(host: Host, verb: str) -> None:
    with pytest.raises(NotImplementedError):
        getattr(host.driver, verb)(*UNSUPPORTED[verb])
