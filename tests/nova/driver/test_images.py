"""Images: pulled by digest, as their users, named, cached and removed."""

from __future__ import annotations

import io
import json
import logging
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

import nova.conf
import pytest
from nova import exception
from nova.image import glance

from nova_driver.docker.engine.client import Engine
from nova_driver.docker.engine.errors import EngineError
from nova_driver.docker.images import Images
from nova_driver.docker.names import mark
from nova_driver.docker.reference import Reference
from tests.clients.engine import Engine as Docker
from tests.clients.program import Program, missing
from tests.clients.tarballs import packed
from tests.nova.busybox import BUSYBOX
from tests.nova.driver.host import Host, instance
from tests.nova.driver.user import User

SLEEP = "/bin/busybox sleep 1000"


@pytest.fixture(scope="module")
def image(user: User) -> str:
    return user.push("kept/image:1.0", SLEEP, "ENV A=b", "WORKDIR /srv", "USER 1000:1000")


def names(host: Host) -> str:
    """All names of all images on the host."""
    words = ("image", "ls", "--all", "--digests", "--format", "{{json .}}")
    return host.engine.docker.output(*words).decode()


def test_the_image_says_what_runs(host: Host, user: User, image: str) -> None:
    config = host.inspect(host.boot(user, image))["Config"]
    assert config["Cmd"] == ["/bin/busybox", "sh", "-c", SLEEP]
    assert "A=b" in config["Env"]
    assert config["WorkingDir"] == "/srv"
    assert config["User"] == "1000:1000"


def test_os_command_line_goes_before_the_command(host: Host, user: User, image: str) -> None:
    facts = user.image(image)
    made = instance(facts)
    for wrong in ("'", '["a", 1]', "[1"):
        facts["properties"]["os_command_line"] = wrong
        with pytest.raises(exception.InvalidInput, match="os_command_line"):
            host.spawn(user, made, facts)
    for command in ("/bin/busybox echo 'a b'", '["/bin/busybox", "echo", "a b"]'):
        facts["properties"]["os_command_line"] = command
        host.spawn(user, made, facts)
        assert host.inspect(made)["Config"]["Cmd"] == ["/bin/busybox", "echo", "a b"]
        host.driver.destroy(user.context, made, [])


def test_nobody_takes_the_place_of_an_image(host: Host, user: User, image: str) -> None:
    """Another boot moves the name between our pull and our container."""
    made = host.boot(user, image)
    right = host.inspect(made)["Image"]
    images = host.driver._node.servers._images
    pull = images.pull

    def pull_and_lose(*arguments: object) -> object:
        found = pull(*arguments)
        docker, name = host.engine.docker, user.registry.reference("kept/image:1.0")
        docker("import", "--change", 'CMD ["/evil"]', "-", name, stdin=bytes(10240))
        return found

    images.pull = pull_and_lose
    again = host.boot(user, image)
    found = host.inspect(again)
    assert found["Image"] == right
    assert found["Config"]["Image"].startswith(user.registry.reference("kept/image@sha256:"))
    assert host.driver.list_instance_uuids().count(again.uuid) == 1


def test_a_renamed_image_boots_by_its_digest(host: Host, user: User, image: str) -> None:
    facts = {**user.image(image), "name": "My picture of the week"}
    made = instance(facts)
    host.spawn(user, made, facts)
    shown = host.inspect(made)["Config"]["Image"]
    assert shown == user.registry.reference(f"kept/image@{facts['properties']['oci_digest']}")


def test_no_image_is_named_like_anothers_snapshot(host: Host, user: User, image: str) -> None:
    facts = {**user.image(image), "name": f"glance/{uuid4()}:latest"}
    made = instance(facts)
    host.spawn(user, made, facts)
    shown = host.inspect(made)["Config"]["Image"]
    assert shown == user.registry.reference(f"kept/image@{facts['properties']['oci_digest']}")


def test_what_is_no_image_of_a_container_is_refused(host: Host, user: User, image: str) -> None:
    facts = {**user.image(image), "container_format": "bare"}
    with pytest.raises(exception.ImageUnacceptable, match=image):
        host.spawn(user, instance(facts), facts)
    assert host.driver.list_instance_uuids() == []


def test_an_image_that_says_nothing_is_pulled_by_its_id(host: Host, user: User, image: str) -> None:
    facts = {**user.image(image), "name": "silent"}
    digest = facts["properties"].pop("oci_digest")
    made = instance(facts)
    host.spawn(user, made, facts)
    found = host.inspect(made)
    assert found["Config"]["Image"] == user.registry.reference("silent:latest")
    shown = host.engine.docker.output("image", "inspect", found["Image"]).decode()
    assert user.registry.reference(f"glance/{image}@{digest}") in shown


def test_a_copy_of_the_properties_is_refused_in_the_registrys_words(
    host: Host, user: User, image: str
) -> None:
    """Nova gives them to a snapshot before there is anything in it."""
    facts = user.image(image)
    wanted = {name: facts[name] for name in ("container_format", "disk_format", "properties")}
    copy = glance.API().create(user.context, {**wanted, "name": "copy:latest"})
    with pytest.raises(exception.ImageUnacceptable, match="does not give it out: manifest unknown"):
        host.spawn(user, instance(copy), copy)
    assert host.driver.list_instance_uuids() == []


def test_an_image_that_the_registry_lacks_is_refused(host: Host, user: User, image: str) -> None:
    facts = user.image(image)
    facts["properties"]["oci_digest"] = "sha256:" + "0" * 64
    with pytest.raises(exception.ImageUnacceptable, match="does not have it"):
        host.spawn(user, instance(facts), facts)


def test_a_user_pulls_as_himself(
    tenant_host: Host, tenant: User, stranger: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    image = tenant.push("private:latest", SLEEP)
    # Even docker's own login is forgotten: the token is all there is.
    tenant.engine.docker("logout", tenant.registry.address)
    try:
        made = tenant_host.boot(tenant, image)
        shown = tenant_host.inspect(made)["Config"]["Image"]
        assert shown == tenant.registry.reference("private:latest")
        # The image is on the host now, and yet not for everybody.
        facts = tenant.image(image)
        with pytest.raises(exception.ImageUnacceptable, match="not for you"):
            tenant_host.spawn(stranger, instance(facts), facts)
    finally:
        tenant.login(f"{tenant.credentials.username}@Default/{tenant.credentials.project}@Default")
    assert tenant_host.driver.list_instance_uuids() == [made.uuid]
    assert tenant.context.auth_token not in caplog.text
    assert tenant.context.auth_token not in json.dumps(tenant_host.inspect(made))


def test_an_image_can_be_brought_beforehand(host: Host, user: User) -> None:
    image = user.push("early:latest", SLEEP)
    assert "early" not in names(host)
    assert host.driver.cache_image(user.context, image) is True
    assert user.registry.reference("early") in names(host)
    assert host.driver.cache_image(user.context, image) is False


def test_unused_images_go(host: Host, user: User) -> None:
    conf = nova.conf.CONF
    used = host.boot(user, user.push("used:latest", SLEEP))
    host.driver.cache_image(user.context, user.push("unused:latest", SLEEP))
    foreign = host.engine.docker.output("import", "-", "foreign:latest", stdin=bytes(10240))
    assert foreign
    host.driver.manage_image_cache(None, [])
    assert "unused" in names(host), "younger than a day"
    try:
        conf.set_override("remove_unused_original_minimum_age_seconds", 0, "image_cache")
        conf.set_override("remove_unused_base_images", False, "image_cache")
        host.driver.manage_image_cache(None, [])
        assert "unused" in names(host), "nothing is to be removed"
        conf.set_override("remove_unused_base_images", True, "image_cache")
        host.driver.manage_image_cache(None, [])
    finally:
        conf.clear_override("remove_unused_original_minimum_age_seconds", "image_cache")
        conf.clear_override("remove_unused_base_images", "image_cache")
    left = names(host)
    assert "/unused" not in left
    assert user.registry.reference("used") in left
    assert "foreign" in left
    host.driver.reboot(None, used, [], "HARD")


def marks(host: Host) -> list[str]:
    """All marks on the host."""
    words = ("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "nova-pulled")
    return host.engine.docker.output(*words).decode().split()


def aged(host: Host, name: str) -> str:
    """Have an image in use last a day ago; its mark."""
    docker = host.engine.docker
    image = docker.output("inspect", "--format", "{{.Id}}", name).decode().strip()
    day_ago = mark(image, time.time_ns() - 86_400 * 10**9)
    docker("tag", image, day_ago)
    for other in marks(host):
        if image.rpartition(":")[2] in other and other != day_ago:
            docker("rmi", other)
    return day_ago


def test_an_image_in_use_again_is_young(host: Host, user: User) -> None:
    conf, name = nova.conf.CONF, user.registry.reference("again:latest")
    image = user.push("again:latest", SLEEP)
    host.driver.cache_image(user.context, image)
    old = aged(host, name)
    conf.set_override("remove_unused_original_minimum_age_seconds", 3600, "image_cache")
    try:
        host.driver.cache_image(user.context, image)
        assert old not in marks(host)
        assert len([one for one in marks(host) if one.startswith(old.rpartition("-")[0])]) == 1
        host.driver.manage_image_cache(None, [])
        assert "/again" in names(host)
        aged(host, name)
        host.driver.manage_image_cache(None, [])
        assert "/again" not in names(host)
    finally:
        conf.clear_override("remove_unused_original_minimum_age_seconds", "image_cache")


def test_an_archive_is_brought_and_removed_as_others_are(host: Host, user: User) -> None:
    conf, name = nova.conf.CONF, user.registry.reference("rooted:latest")
    wanted = {"name": "rooted", "container_format": "docker", "disk_format": "raw"}
    root = packed({"bin/busybox": Path(str(BUSYBOX)).read_bytes(), "unlike": uuid4().bytes})
    facts = {**wanted, "properties": {"docker_cmd": SLEEP}}
    image = glance.API().create(user.context, facts, io.BytesIO(root))["id"]
    assert host.driver.cache_image(user.context, image) is True
    assert host.driver.cache_image(user.context, image) is False
    aged(host, name)
    conf.set_override("remove_unused_original_minimum_age_seconds", 3600, "image_cache")
    try:
        host.driver.manage_image_cache(None, [])
    finally:
        conf.clear_override("remove_unused_original_minimum_age_seconds", "image_cache")
    assert "/rooted" not in names(host)
    assert image not in names(host)
    assert host.inspect(host.boot(user, image))["Config"]["Image"] == name


def test_a_boot_keeps_an_image_that_is_being_removed(host: Host, user: User) -> None:
    """The cleaner has seen the old mark, and comes before the container."""
    image = user.push("late:latest", SLEEP)
    host.driver.cache_image(user.context, image)
    old = aged(host, user.registry.reference("late:latest"))
    images = host.driver._node.servers._images
    pull = images.pull

    def pull_and_lose(*arguments: object) -> object:
        found = pull(*arguments)
        ours = [name for name in images.names(found.id) if name.startswith(user.registry.address)]
        images.unname([*ours, old])
        return found

    images.pull = pull_and_lose
    made = host.boot(user, image)
    assert host.inspect(made)["State"]["Status"] == "running"


@pytest.mark.skipif(missing("skopeo") is not None, reason="skopeo is not installed")
def test_an_image_of_the_oci_boots(host: Host, user: User, image: str) -> None:
    skopeo = Program("skopeo", "copy", "--format=oci", "--src-tls-verify=false")
    source, oci = (user.registry.reference(f"kept/image:{tag}") for tag in ("1.0", "oci"))
    skopeo("--dest-tls-verify=false", f"docker://{source}", f"docker://{oci}")
    made = host.boot(user, user.row("kept/image:oci"))
    assert host.inspect(made)["State"]["Status"] == "running"
    assert host.inspect(made)["Config"]["Image"] == oci


class Spy(BaseHTTPRequestHandler):
    """A registry that has nothing, and notes which credentials it is shown."""

    challenge = ""
    seen: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        shown = self.headers.get("Authorization")
        self.seen.append(shown)
        if self.challenge and not shown:
            self.send_response(401)
            self.send_header("WWW-Authenticate", self.challenge)
        else:
            self.send_response(200 if self.path == "/v2/" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing."""


CHALLENGES = {"": {None}, 'Bearer realm="http://127.0.0.1/",service="x"': {None, "Bearer secret"}}


@pytest.mark.parametrize("challenge", CHALLENGES, ids=["open", "closed"])
def test_a_token_is_shown_to_who_asks_for_it(engine: Docker, challenge: str) -> None:
    handler = type("Registry", (Spy,), {"challenge": challenge, "seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    images = Images(Engine(f"unix://{engine.socket}", 30), 30)
    reference = Reference(f"127.0.0.1:{server.server_port}", "app", "sha256:" + "1" * 64, None)
    try:
        with pytest.raises(EngineError):
            images.pull(reference, "secret")
    finally:
        server.shutdown()
        server.server_close()
    assert set(handler.seen) == CHALLENGES[challenge]
