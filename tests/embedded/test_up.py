"""`registry-glance up` as a user meets it: real processes, one state folder."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import parse_http_list, parse_keqv_list
from uuid import uuid4

import pytest
import requests
import yaml
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from registry_glance.embedded.ports import LOOPBACK, is_free, pick_free
from registry_glance.embedded.process import answers
from registry_glance.errors import Denied
from registry_glance.glance.client import Glance
from registry_glance.glance.cloud import from_clouds_yaml
from registry_glance.oci.media_types import OCI_INDEX
from tests.api.content import index
from tests.certificates import make_certificate
from tests.embedded.up import FREE_PORTS, Up, command, openstack, port_of, wait_free

pytest.importorskip("glance")
pytest.importorskip("keystone")

CLOUD = ["--os-cloud", "registry-glance"]


StartUp = Callable[..., Up]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One state folder for the tests below, so that only the first one makes the schemas."""
    return tmp_path_factory.mktemp("up") / "var"


@pytest.fixture
def start_up(state: Path) -> Iterator[StartUp]:
    """Start `up` in the folder: `start_up("--auth")`; it ends with the test."""
    started: list[Up] = []

    def start(*arguments: str) -> Up:
        started.append(Up(state, *FREE_PORTS, *arguments))
        return started[-1]

    yield start
    for up in started:
        up.process.kill()
        up.process.communicate()


@pytest.fixture
def up(start_up: StartUp) -> Up:
    """A started `up`."""
    return start_up()


def whose_openrc(state: Path) -> str:
    """The user that `. openrc` makes one, whose default project it names."""
    issued = openstack(state, "token", "issue", "-f", "json")
    admin = Session(auth=v3.Password(**clouds(state)["registry-glance-admin"]["auth"]))
    admin.session.trust_env = False
    identity = admin.get_endpoint(service_type="identity")
    user = admin.get(f"{identity}/users/{json.loads(issued)['user_id']}").json()["user"]
    assert user["default_project_id"] == json.loads(issued)["project_id"]
    return str(user["name"])


def clouds(state: Path) -> dict[str, Any]:
    """The clouds of clouds.yaml."""
    found: dict[str, Any] = yaml.safe_load((state / "clouds.yaml").read_text())["clouds"]
    return found


def glance(state: Path, name: str) -> Glance:
    """Glance, as one of the clouds of clouds.yaml sees it."""
    return Glance(from_clouds_yaml(name, str(state / "clouds.yaml")))


def test_it_serves_until_ctrl_c_and_finds_its_data_again(state: Path, start_up: StartUp) -> None:
    first = start_up()
    ready = first.wait_ready()
    assert ready.startswith("ready: registry at 127.0.0.1:")
    assert f"{state}/clouds.yaml and {state}/openrc written" in ready
    for file in ("clouds.yaml", "openrc", "passwords.json"):
        assert stat.S_IMODE((state / file).stat().st_mode) == 0o600
    assert answers(f"{first.services()['registry']['url']}/v2/")
    image = state / "image"
    image.write_bytes(b"bytes")
    create = ["--container-format", "docker", "--disk-format", "raw", "--file", str(image)]
    openstack(state, *CLOUD, "image", "create", *create, "hipache:latest")
    ports = [port_of(service) for service in first.services().values()]
    assert first.stop() == (0, "")
    assert all(is_free(port) for port in ports)

    second = start_up()
    second.wait_ready()
    # By a name with a colon, which a stock Glance refuses.
    assert "active" in openstack(state, *CLOUD, "image", "show", "hipache:latest", "-c", "status")
    assert second.stop(signal.SIGTERM) == (0, "")


def test_with_auth_there_are_users_to_try_it_with(
    state: Path, tmp_path: Path, start_up: StartUp
) -> None:
    settings = tmp_path / "config.yml"
    settings.write_text("auth: keystone\nlog: {level: warning}\n")
    passwords = set()
    for arguments in (["--auth"], ["--auth"], ["-c", str(settings)]):
        up = start_up(*arguments)
        ready = up.wait_ready()
        address = up.services()["registry"]["url"].removeprefix("http://")
        login = f"printenv OS_PASSWORD | docker login -u demo --password-stdin {address}"
        assert f"try: . {state}/openrc; {login}; docker tag " in ready
        known = clouds(state)
        assert list(known) == ["registry-glance", "registry-glance-admin", "demo", "viewer"]
        passwords.add(known["demo"]["auth"]["password"])
        assert not any(cloud["auth"]["password"] in ready for cloud in known.values())
        assert whose_openrc(state) == "demo"
        assert up.stop() == (0, "")
    assert len(passwords) == 1

    up = start_up()
    assert "login" not in up.wait_ready()
    assert list(clouds(state)) == ["registry-glance", "registry-glance-admin"]
    assert whose_openrc(state) == "registry"
    assert answers(f"{up.services()['registry']['url']}/v2/")
    assert up.stop() == (0, "")


def test_with_a_certificate_it_speaks_tls(state: Path, tmp_path: Path, start_up: StartUp) -> None:
    certificate = make_certificate(tmp_path)
    settings = tmp_path / "config.yml"
    settings.write_text(json.dumps({"tls": certificate.settings}))  # JSON is YAML
    up = start_up("-c", str(settings))
    assert up.wait_ready().startswith("ready: ")
    url = up.services()["registry"]["url"]
    assert url.startswith("https://")
    assert requests.get(f"{url}/v2/", verify=str(certificate.authority), timeout=30).ok
    assert up.stop() == (0, "")


def test_the_viewer_sees_what_demo_has_and_changes_nothing(state: Path, start_up: StartUp) -> None:
    start_up("--auth").wait_ready()
    demo, viewer = (glance(state, name) for name in ("demo", "viewer"))
    image = demo.create({"id": str(uuid4()), "name": "hers:1", "visibility": "private"})["id"]
    assert viewer.get(image)["name"] == "hers:1"
    for change in (viewer.delete, lambda image: viewer.update(image, {"name": "his:1"})):
        with pytest.raises(Denied):
            change(image)
    with pytest.raises(Denied):
        viewer.create({"id": str(uuid4()), "name": "his:1"})


def test_demo_logs_in_by_name_and_sees_what_it_pushed(
    state: Path, start_up: StartUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Weaker than the option.
    monkeypatch.setenv("REGISTRY_GLANCE_AUTH", "none")
    up = start_up("--auth")
    up.wait_ready()
    registry = up.services()["registry"]["url"]
    asked = requests.get(f"{registry}/v2/", timeout=30)
    assert asked.status_code == 401
    scheme, _, parameters = asked.headers["WWW-Authenticate"].partition(" ")
    assert scheme == "Bearer"
    realm = parse_keqv_list(parse_http_list(parameters))["realm"]
    login = ("demo", clouds(state)["demo"]["auth"]["password"])
    token = requests.get(realm, auth=login, timeout=30).json()["token"]
    pushed = requests.put(
        f"{registry}/v2/docker-busybox/manifests/latest",
        index(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": OCI_INDEX},
        timeout=30,
    )
    assert pushed.status_code == 201
    rows = json.loads(openstack(state, "image", "list", "-f", "json"))
    assert [row["Name"] for row in rows].count("docker-busybox:latest") == 1


def test_no_child_outlives_a_killed_parent(up: Up) -> None:
    up.wait_ready()
    ports = [port_of(service) for service in up.services().values()]
    assert not any(is_free(port) for port in ports)
    up.process.kill()
    for port in ports:
        wait_free(port)


def test_the_end_of_a_child_is_said_and_ends_all(up: Up) -> None:
    up.wait_ready()
    services = up.services()
    os.kill(services["glance"]["pid"], signal.SIGKILL)
    _, errors = up.process.communicate(timeout=60)
    assert up.process.returncode == 1
    assert errors.count("\n") == 1
    assert f"glance was killed by signal 9; see {up.state / 'log' / 'glance.log'}" in errors
    for service in services.values():
        wait_free(port_of(service))


def test_detached_it_is_seen_by_status_and_stopped_by_down(state: Path) -> None:
    started = command("up", "--detach", *FREE_PORTS, state=state)
    assert (started.returncode, started.stderr) == (0, "")
    assert started.stdout.startswith("ready: ")

    status = command("status", state=state)
    assert status.returncode == 0
    for name in ("registry", "glance", "keystone"):
        assert f"{name:9} running  pid " in status.stdout

    again = command("up", *FREE_PORTS, state=state)
    assert again.returncode == 1
    assert "already runs" in again.stderr
    assert again.stderr.count("\n") == 1

    assert command("down", state=state).returncode == 0
    status = command("status", state=state)
    assert (status.returncode, status.stdout) == (3, f"not running in {state}\n")
    down = command("down", state=state)
    assert (down.returncode, down.stdout) == (0, f"not running in {state}\n")


@pytest.mark.parametrize("option", ["--port", "--keystone-port", "--glance-port"])
def test_a_port_in_use_is_said_in_one_line(option: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        up = command("up", *FREE_PORTS, option, port, state=tmp_path)
    assert up.returncode == 1
    assert f"port {port} for " in up.stderr
    assert up.stderr.count("\n") == 1


def test_an_unknown_setting_is_said_before_anything_starts(tmp_path: Path) -> None:
    settings = tmp_path / "config.yml"
    settings.write_text("nonsense: 1\n")
    up = command("up", "-c", str(settings), *FREE_PORTS, state=tmp_path / "var")
    assert up.returncode == 1
    assert "nonsense" in up.stderr
    assert not (tmp_path / "var" / "keystone").exists()


def test_a_picked_port_is_free() -> None:
    assert is_free(pick_free())
