"""What happens to this host's containers, as lifecycle events of Nova."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from nova.virt import event as lifecycle

from .containers import Containers, name
from .deliveries import Deliveries
from .engine.client import Engine
from .engine.errors import EngineError
from .engine.stream import Stream
from .labels import INSTANCE, ours

log = logging.getLogger(__name__)

#: seconds between two tries to listen
PAUSE = 1.0
#: seconds after an end at which it is told: Nova may be busy with the server
ENDED = (0.0, 3.0, 10.0, 30.0)

#: Engine API, SystemEvents -> Nova
TRANSITIONS = {
    "start": lifecycle.EVENT_LIFECYCLE_STARTED,
    "die": lifecycle.EVENT_LIFECYCLE_STOPPED,
    "pause": lifecycle.EVENT_LIFECYCLE_PAUSED,
    "unpause": lifecycle.EVENT_LIFECYCLE_RESUMED,
}
GONE = "destroy"
#: a container's status -> what must have happened
HAPPENED = {"running": "start", "paused": "pause", "exited": "die", "dead": "die"}


class Events:
    """Listens to the Engine, through its restarts, in two threads."""

    def __init__(
        self,
        engine: Engine,
        containers: Containers,
        host: str,
        emit: Callable[[str, int], None],
    ) -> None:
        """`emit` is told an instance's UUID and its transition; Nova looks itself what is true."""
        self._engine = engine
        self._containers = containers
        self._filters = {"type": ["container"], "event": [*TRANSITIONS, GONE], **ours(host)}
        self._deliveries = Deliveries(emit)
        self._stopped = threading.Event()
        self._stream: Stream | None = None

    def start(self) -> None:
        """Begin to listen; returns at once."""
        for run in (self._listen, self._deliveries.run):
            threading.Thread(target=run, name=f"docker events {run.__name__}", daemon=True).start()

    def stop(self) -> None:
        """End both threads; returns at once."""
        self._stopped.set()
        self._deliveries.stop()
        if self._stream is not None:
            self._stream.abort()

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                self._follow()
            except EngineError as error:
                if not self._stopped.is_set():
                    log.warning("no events from the Docker Engine, trying again: %s", error)
            except Exception:
                log.exception("an event that nobody understands, listening again")
            self._stopped.wait(PAUSE)

    def _follow(self) -> None:
        """Listen until the stream ends. Raises an EngineError."""
        with self._engine.stream("GET", "/events", timeout=None, filters=self._filters) as stream:
            self._stream = stream
            if self._stopped.is_set():
                return
            self._catch_up()
            for event in stream.objects():
                actor = event["Actor"]["Attributes"]
                if actor["name"] == name(actor.get(INSTANCE, "")):
                    self._tell(actor[INSTANCE], event["Action"], actor)

    def _catch_up(self) -> None:
        """Tell how all containers are now: nobody has listened before."""
        for container in self._containers.list():
            if container.status in HAPPENED:
                self._tell(container.instance, HAPPENED[container.status], {})

    def _tell(self, instance: str, action: str, facts: Mapping[str, Any]) -> None:
        if action == GONE:
            self._deliveries.forget(instance)
        elif action in TRANSITIONS:
            # A label of that name, and so whoever made the image, goes before the Engine's word.
            if (code := facts.get("exitCode", "")).isdecimal():
                log.info("the container of %s ended with %s", instance, code)
            after = ENDED if action == "die" else (0.0,)
            self._deliveries.add(instance, TRANSITIONS[action], after)
