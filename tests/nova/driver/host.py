"""nova-compute's side of a compute host: the driver, and instances for it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import uuid4

import nova.conf
from nova import objects, utils
from nova.compute import vm_states
from nova.network import model
from nova.objects.instance import Instance as NovaInstance
from nova.virt import driver

from nova_driver.docker.options import OPTIONS
from tests.clients.engine import Engine
from tests.nova.driver.user import User

#: seconds; what takes longer is hanging
PATIENCE = 30.0

_ids = count(1)


class Instance(NovaInstance):
    """An instance without a database. `saved`: its system_metadata when it was saved last."""

    saved: dict[str, str] | None = None

    def save(self, **_: Any) -> None:
        """As nova-conductor would."""
        self.saved = dict(self.system_metadata)


def flavor(**changes: Any) -> objects.Flavor:
    """m1.tiny, or what becomes of it."""
    usual = {
        **{"name": "m1.tiny", "flavorid": "1", "memory_mb": 512, "vcpus": 1, "root_gb": 1},
        **{"ephemeral_gb": 0, "swap": 0, "extra_specs": {}},
    }
    return objects.Flavor(**{**usual, **changes})


def instance(image: dict[str, Any], **changes: Any) -> objects.Instance:
    """An instance of an image as nova-api hands it to nova-compute."""
    wanted = changes.pop("flavor", None) or flavor()
    usual = {
        "id": next(_ids),
        "uuid": str(uuid4()),
        "project_id": uuid4().hex,
        "user_id": uuid4().hex,
        "hostname": "test",
        "display_name": "test",
        "image_ref": image["id"],
        "config_drive": "",
        "metadata": {},
        "vm_state": vm_states.ACTIVE,
        "task_state": None,
        "info_cache": objects.InstanceInfoCache(network_info=model.NetworkInfo()),
        "flavor": wanted,
        "system_metadata": utils.get_system_metadata_from_image(image, wanted),
    }
    return Instance(**{**usual, **changes})


@dataclass
class Host:
    """A compute host. `heard`: the lifecycle events so far, as (UUID, transition)."""

    name: str
    engine: Engine
    registry: str
    options: dict[str, Any] = field(default_factory=dict)
    heard: list[tuple[str, int]] = field(default_factory=list)

    def start(self) -> None:
        """Load and start the driver as nova-compute does. Raises SystemExit if there is none."""
        address, _, port = self.registry.partition(":")
        options = {
            "host_url": f"unix://{self.engine.socket}",
            "registry_host": address,
            "registry_port": int(port),
            "timeout": 30,
            **self.options,
        }
        self.driver: Any = driver.load_compute_driver(None, "docker.DockerDriver")
        for name, value in options.items():
            nova.conf.CONF.set_override(name, value, group="docker")
        self.driver.register_event_listener(self._hear)
        self.driver.init_host(self.name)

    def stop(self) -> None:
        """Stop the driver, and remove all that it made."""
        self.driver.cleanup_host(self.name)
        docker = self.engine.docker
        mine = f"label=org.openstack.nova.host={self.name}"
        for container in docker.output("ps", "--all", "--quiet", "--filter", mine).split():
            docker("rm", "--force", "--volumes", container.decode())
        for option in OPTIONS:
            nova.conf.CONF.clear_override(option.name, group="docker")

    def boot(self, user: User, image: str, **changes: Any) -> objects.Instance:
        """`server create --nic none`."""
        facts = user.image(image)
        made = instance(facts, **{"project_id": user.context.project_id, **changes})
        self.spawn(user, made, facts)
        return made

    def spawn(
        self, user: User, made: objects.Instance, image: dict[str, Any], **changes: Any
    ) -> None:
        """Have the driver make an instance of an image."""
        meta = objects.ImageMeta.from_dict(image)
        asked = {"injected_files": [], "admin_password": "secret", "allocations": {}, **changes}
        self.driver.spawn(user.context, made, meta, **asked)

    def inspect(self, made: objects.Instance) -> dict[str, Any]:
        """What `docker inspect` says of an instance's container."""
        said = self.engine.docker.output("inspect", f"nova-{made.uuid}")
        found: dict[str, Any] = json.loads(said)[0]
        return found

    def state(self, made: objects.Instance) -> int:
        """Its power state."""
        return int(self.driver.get_info(made).state)

    def console(self, made: objects.Instance) -> str:
        """What it has written."""
        return bytes(self.driver.get_console_output(None, made)).decode()

    def _hear(self, event: Any) -> None:
        self.heard.append((event.get_instance_uuid(), event.get_transition()))


def images(host: Host) -> set[str]:
    """All images on a host, by all their names."""
    words = ("image", "ls", "--all", "--digests", "--format", "{{json .}}")
    said = map(json.loads, host.engine.docker.output(*words).splitlines())
    return {f"{one['Repository']}:{one['Tag']}@{one['Digest']} {one['ID']}" for one in said}


def wait(condition: Callable[[], object], what: str) -> None:
    """Return when the condition holds; fail after a while."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.05)
