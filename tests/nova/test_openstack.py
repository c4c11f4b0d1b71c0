"""The embedded Placement and Nova, without a Docker Engine."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from registry_glance.embedded.cloud import CLOUD_NAME
from registry_glance.embedded.openstack import Hypervisor, OpenStack
from registry_glance.embedded.openstack.no_network import application
from tests.nova.conftest import FAKE, FAKE_HOST
from tests.tenants import token

openstack = pytest.importorskip("openstack")

WAIT, PAUSE = 120, 0.2  # seconds
SECOND = "second"
ABSENT = "6a1f0a5c-7d0e-4f2c-9a57-2f3f6a6f2b1d"


def connect(cloud: OpenStack, user: str) -> Any:
    """openstacksdk as one of the clouds of clouds.yaml."""
    config = openstack.config.OpenStackConfig(config_files=[str(cloud.cloud.clouds_yaml)])
    region = config.get_one(user)
    found = openstack.connection.Connection(config=region)
    found.session.session.trust_env = False
    return found


@pytest.fixture(scope="module")
def member(openstack_cloud: OpenStack) -> Any:
    """The registry's own user, who is a member of his project and nothing more to Nova."""
    return connect(openstack_cloud, CLOUD_NAME)


@pytest.fixture(scope="module")
def admin(openstack_cloud: OpenStack) -> Any:
    """The cloud's admin."""
    return connect(openstack_cloud, f"{CLOUD_NAME}-admin")


@pytest.fixture(scope="module")
def image(member: Any) -> str:
    """The ID of an image; what is in it matters to no fake."""
    made = member.image.create_image(
        name="nothing:latest", container_format="docker", disk_format="raw", data=b"nothing"
    )
    return str(made.id)


@pytest.fixture(scope="module")
def second_host(openstack_cloud: OpenStack) -> Iterator[str]:
    """One more fake host."""
    process = openstack_cloud.add_compute(Hypervisor(SECOND, FAKE))
    yield SECOND
    process.stop()


@pytest.fixture(scope="module")
def zone(admin: Any) -> str:
    """The availability zone of the fake host: others may have added hosts that want more."""
    aggregate = admin.compute.create_aggregate(name=FAKE, availability_zone=FAKE)
    admin.compute.add_host_to_aggregate(aggregate, FAKE_HOST)
    return FAKE


def boot(connection: Any, name: str, image: str, zone: str) -> Any:
    """Boot a server without a network and wait until it is active."""
    flavor = connection.compute.find_flavor("m1.tiny", ignore_missing=False)
    made = connection.compute.create_server(
        name=name, image_id=image, flavor_id=flavor.id, networks="none", availability_zone=zone
    )
    return connection.compute.wait_for_server(made, interval=PAUSE, wait=WAIT)


def image_of(admin: Any, image: str) -> str:
    """The image, which all may boot from now on."""
    admin.image.update_image(image, visibility="public")
    return image


def answer(method: str, path: str) -> tuple[str, Any]:
    """What the Network service without networks answers."""
    said: list[str] = []
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path}
    (body,) = application(environ, lambda status, headers: said.append(status))
    return said[0], json.loads(body)


def test_a_member_boots_shows_and_deletes_a_server(member: Any, image: str, zone: str) -> None:
    server = boot(member, "short-lived", image, zone)
    assert server.status == "ACTIVE"
    assert server.addresses == {}
    assert "LAST LINE" in member.compute.get_server_console_output(server, length=1)["output"]
    member.compute.delete_server(server)
    # A server is DELETED for a moment before it is gone, and the SDK does not wait for more.
    deadline = time.monotonic() + WAIT
    while member.compute.find_server(server.id) is not None:
        assert time.monotonic() < deadline
        time.sleep(PAUSE)


def test_all_services_are_up(admin: Any) -> None:
    services = {(one.binary, one.state, one.status) for one in admin.compute.services()}
    for name in ("nova-compute", "nova-conductor", "nova-scheduler"):
        assert (name, "up", "enabled") in services
    assert FAKE_HOST in [host.name for host in admin.compute.hypervisors()]


def test_an_added_host_takes_servers(member: Any, admin: Any, image: str, second_host: str) -> None:
    # Hypervisors would be asked one by one, also such as others have just ended.
    hosts = {one.host: one.state for one in admin.compute.services(binary="nova-compute")}
    assert hosts[second_host] == "up"
    server = boot(admin, "there", image_of(admin, image), f"nova:{second_host}")
    assert server.compute_host == second_host
    admin.compute.delete_server(server)
    admin.compute.wait_for_delete(server, interval=PAUSE, wait=WAIT)


def test_the_flavors_are_everybodys(member: Any) -> None:
    sizes = {one.name: (one.vcpus, one.ram, one.disk) for one in member.compute.flavors()}
    assert sizes["m1.tiny"] == (1, 512, 1)
    assert {"m1.nano", "m1.micro", "m1.small", "m1.medium"} <= set(sizes)


@pytest.mark.parametrize(
    "networks", ["auto", [{"uuid": ABSENT}], [{"port": ABSENT}]], ids=["auto", "network", "port"]
)
def test_a_server_on_a_network_is_refused(member: Any, image: str, networks: Any) -> None:
    flavor = member.compute.find_flavor("m1.tiny", ignore_missing=False)
    with pytest.raises(openstack.exceptions.HttpException) as refused:
        member.compute.create_server(
            name="online", image_id=image, flavor_id=flavor.id, networks=networks
        )
    assert refused.value.status_code in (400, 404)
    assert "Unexpected" not in str(refused.value)


def test_the_registrys_user_is_nobody_special_to_nova(openstack_cloud: OpenStack) -> None:
    cloud = openstack_cloud.cloud
    headers = {"X-Auth-Token": token(cloud.registry)}
    url = f"{openstack_cloud.compute_url}/os-services"
    assert requests.get(url, headers=headers, timeout=30).status_code == 403
    assert requests.get(url, timeout=30).status_code == 401


def test_what_holds_a_password_is_its_owners_only(openstack_cloud: OpenStack) -> None:
    state = openstack_cloud.cloud.state
    passwords = json.loads((state / "passwords.json").read_text())
    secrets = [passwords[user].encode() for user in ("mariadb", "rabbitmq", "nova", "placement")]
    logs = [path.read_bytes() for path in (state / "log").iterdir()]
    assert not any(secret in log for secret in secrets for log in logs)
    # Others may have added hosts, and ended them.
    for process in filter(lambda one: one.is_running, openstack_cloud.processes):
        command = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        assert not any(secret in command for secret in secrets)
    for name in ("mariadb", "rabbitmq", "nova", "placement"):
        assert (state / name).stat().st_mode & 0o077 == 0


def test_there_are_no_networks() -> None:
    assert answer("GET", "/v2.0/ports") == ("200 OK", {"ports": []})
    assert answer("GET", "/v2.0/security-groups.json") == ("200 OK", {"security_groups": []})
    assert answer("GET", "/v2.0/auto-allocated-topology/0af3")[0] == "409 Conflict"
    assert answer("GET", "/") == ("200 OK", {"versions": []})


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/v2.0/ports", "NotFound"),
        ("GET", "/v2.0/ports/1", "PortNotFound"),
        ("DELETE", "/v2.0/security-groups/1.json", "SecurityGroupNotFound"),
        ("GET", "/v2.0/../x", "NotFound"),
        ("DELETE", "/", "NotFound"),
    ],
)
def test_nothing_else_is_there(method: str, path: str, kind: str) -> None:
    status, body = answer(method, path)
    assert status == "404 Not Found"
    assert body["NeutronError"]["type"] == kind
