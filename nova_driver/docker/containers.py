"""The containers of this host's instances, by the instances' UUIDs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .engine.client import Engine
from .engine.errors import Absent, Conflict
from .labels import HOST, INSTANCE, NAME, ours

#: seconds between two looks at a container that somebody else is removing
PAUSE = 0.2
#: seconds that a container may have to end by itself, whatever its image asks for
LONGEST_STOP = 3600


@dataclass(frozen=True, slots=True)
class Listed:
    """A container in a list. `name`: the instance's."""

    instance: str
    name: str
    status: str


@dataclass(frozen=True, slots=True)
class Container:
    """A container as it is now. `image`: the ID of what it runs, whatever that is called.

    `is_running`: whether it has processes, be they frozen; `sandbox`: the file of its network
    namespace, "" if it does not run; `resolv_conf`: the file on this host that it has as
    /etc/resolv.conf; `volumes`: where it has volumes, whose content is no part of its file system.
    """

    id: str
    image: str
    is_running: bool
    status: str
    exit_code: int
    started_at: str
    sandbox: str
    resolv_conf: str
    volumes: tuple[str, ...]

    @property
    def is_paused(self) -> bool:
        """Whether its processes are frozen."""
        return self.status == "paused"


class Containers:
    """What `host` made of instances. Methods raise an EngineError; Absent if there is none.

    An instance that migrates has a second container, set aside under another name until Nova knows
    which of the two stays.
    """

    def __init__(self, engine: Engine, host: str, removal_time: float) -> None:
        """`removal_time`: seconds that removing may take somebody else."""
        self._engine = engine
        self._host = host
        self._removal_time = removal_time

    def list(self) -> list[Listed]:
        """All of them, whatever their state, without those set aside."""
        found = self._engine.get("/containers/json", all=True, filters=ours(self._host))
        return [
            Listed(one["Labels"][INSTANCE], one["Labels"].get(NAME, ""), one["State"])
            for one in found
            if f"/{name(one['Labels'].get(INSTANCE, ''))}" in one["Names"]
        ]

    def find(self, instance: str) -> Container:
        """The container of an instance; one that only has its name is Absent."""
        return self._named(name(instance), instance)

    def find_aside(self, instance: str) -> Container:
        """The one that was set aside."""
        return self._named(_aside(instance), instance)

    def has(self, instance: str) -> bool:
        """Whether an instance has a container, one set aside not counted."""
        try:
            self.find(instance)
        except Absent:
            return False
        return True

    def set_aside(self, instance: str) -> None:
        """Give it another name, under which it is neither found nor listed."""
        # Of an earlier migration, after which nobody could tidy up.
        self.remove_aside(instance)
        self._rename(self.find(instance), _aside(instance))

    def bring_back(self, instance: str) -> None:
        """Undo `set_aside`; an instance that has a container keeps it."""
        if not self.has(instance):
            self._rename(self.find_aside(instance), name(instance))

    def create(self, instance: str, body: Mapping[str, Any]) -> Container:
        """Make a container, not started yet. Raises Conflict if there is one of that name."""
        self._engine.post("/containers/create", body, name=name(instance))
        return self.find(instance)

    def start(self, instance: str) -> None:
        """Have it run: thawed, or started."""
        container = self.find(instance)
        self._thaw(container)
        self._engine.post(f"/containers/{container.id}/start")

    def stop(self, instance: str, timeout: int) -> None:
        """End it: by its stop signal, and after `timeout` seconds by SIGKILL.

        The timeout may be a tenant's: no server is waited for without end, as the Engine would for
        a negative one.
        """
        timeout = min(max(timeout, 0), LONGEST_STOP)
        container = self.find(instance)
        self._thaw(container)
        self._engine.post(f"/containers/{container.id}/stop", patience=timeout, t=timeout)

    def pause(self, instance: str) -> None:
        """Freeze it, memory and all. Raises Conflict if it does not run."""
        self._engine.post(f"/containers/{self.find(instance).id}/pause")

    def unpause(self, instance: str) -> None:
        """Thaw it. Raises Conflict if it is not paused."""
        self._engine.post(f"/containers/{self.find(instance).id}/unpause")

    def thaw(self, instance: str) -> None:
        """Have it not frozen; having none is no error."""
        with suppress(Absent):
            self._thaw(self.find(instance))

    def remove(self, instance: str) -> None:
        """End and remove it with its anonymous volumes, and return when it is gone.

        Having none is no error.
        """
        with suppress(Absent):
            self._remove(self.find(instance))

    def remove_aside(self, instance: str) -> None:
        """The same for one that was set aside. A volume that another container has stays."""
        with suppress(Absent):
            self._remove(self.find_aside(instance))

    def _named(self, called: str, instance: str) -> Container:
        found = self._engine.get(f"/containers/{called}/json")
        if not self._is_ours(found["Config"].get("Labels") or {}, instance):
            raise Absent(f"the container {called} is not this host's")
        state = found["State"]
        return Container(
            found["Id"],
            found["Image"],
            state["Running"],
            state["Status"],
            state["ExitCode"],
            state["StartedAt"],
            found["NetworkSettings"]["SandboxKey"] if state["Running"] else "",
            found["ResolvConfPath"],
            tuple(mount["Destination"] for mount in found["Mounts"] if mount["Type"] == "volume"),
        )

    def _rename(self, container: Container, called: str) -> None:
        self._engine.post(f"/containers/{container.id}/rename", name=called)

    def _remove(self, container: Container) -> None:
        try:
            self._engine.delete(f"/containers/{container.id}", force=True, v=True)
        except Conflict:
            self._wait_gone(container.id)

    def _wait_gone(self, container: str) -> None:
        """Somebody else is removing it: an earlier call that was cut off. Raises Absent then."""
        deadline = time.monotonic() + self._removal_time
        while True:
            self._engine.get(f"/containers/{container}/json")
            if time.monotonic() > deadline:
                raise Conflict(f"the container {container} is still being removed")
            time.sleep(PAUSE)

    def _thaw(self, container: Container) -> None:
        """A frozen container hears no signal."""
        if container.is_paused:
            with suppress(Conflict):
                self._engine.post(f"/containers/{container.id}/unpause")

    def _is_ours(self, labels: Mapping[str, str], instance: str) -> bool:
        return labels.get(HOST) == self._host and labels.get(INSTANCE) == instance


def name(instance: str) -> str:
    """What an instance's container is called."""
    return f"nova-{instance}"


def _aside(instance: str) -> str:
    return f"{name(instance)}-before"
