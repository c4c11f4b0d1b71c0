"""Servers, from the request until all are ACTIVE."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.at_once import at_once
from bench.connection import Unexpected
from bench.nova.session import Session
from bench.stopwatch import seconds

#: Seconds between two questions, which keep Nova from its work, and until boots that do not end are
#: given up.
PAUSE, PATIENCE = 0.4, 300


class Servers:
    """A member's servers of one image."""

    def __init__(self, member: Session, url: str, image: str) -> None:
        """`url`: the Compute API's."""
        self._member = member
        self._url = f"{url}/servers"
        self._image = image
        self._flavor = next(
            flavor["id"]
            for flavor in member.call("GET", f"{url}/flavors")["flavors"]
            if flavor["name"] == "m1.nano"
        )

    def run(self, count: int, send: Callable[[Servers, int], None]) -> float:
        """Boot `count` servers, and delete them; seconds until all were ACTIVE."""
        taken = seconds(lambda: self._boot(count, send))
        for server in self._named():
            self._member.call("DELETE", f"{self._url}/{server}")
        self._wait(lambda: not self._named())
        return taken

    def ask(self, count: int) -> None:
        """One request for so many."""
        server = {
            "name": "bench",
            "imageRef": self._image,
            "flavorRef": self._flavor,
            "networks": "none",
            "min_count": count,
        }
        self._member.call("POST", self._url, server=server)

    def _boot(self, count: int, send: Callable[[Servers, int], None]) -> None:
        send(self, count)
        self._wait(lambda: len(self._named("ACTIVE")) == count)

    def _wait(self, condition: Callable[[], bool]) -> None:
        """Raises Unexpected after a long time."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise Unexpected(f"{len(self._named('ERROR'))} servers are in ERROR")
            time.sleep(PAUSE)

    def _named(self, status: str = "") -> list[str]:
        """The IDs of those that are there, or in this status."""
        query = f"?status={status}" if status else ""
        return [one["id"] for one in self._member.call("GET", f"{self._url}{query}")["servers"]]


def _one_request(servers: Servers, count: int) -> None:
    servers.ask(count)


def _requests_at_once(servers: Servers, count: int) -> None:
    at_once(count, lambda _: servers.ask(1))


#: Work -> how the servers are asked for.
REQUESTS: dict[str, Callable[[Servers, int], None]] = {
    "in one request": _one_request,
    "in requests at once": _requests_at_once,
}
