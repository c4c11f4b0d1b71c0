"""Ranges of data, from a Glance whose store knows none."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from uuid import uuid4

import pytest

from registry_glance.glance.client import Glance
from registry_glance.glance.cloud import Cloud

DATA = bytes(range(256)) * 4000


class Store(BaseHTTPRequestHandler):
    """Sends everything, or refuses a request with a range."""

    status = 200

    def do_GET(self) -> None:
        status = self.status if "Range" in self.headers else 200
        body = DATA if status == 200 else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(params=[200, 400])
def glance(request: pytest.FixtureRequest) -> Iterator[Glance]:
    """The door to such a Glance, by what it answers to ranges."""
    handler = type("Handler", (Store,), {"status": request.param})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        yield Glance(Cloud(auth={"endpoint": url}, auth_type="none", endpoint=url), retries=0)
        server.shutdown()


@pytest.mark.parametrize(
    ("start", "stop"), [(0, None), (0, 10), (300_000, 700_001), (5, None), (len(DATA) - 1, None)]
)
def test_what_was_not_asked_for_is_left_out(glance: Glance, start: int, stop: int | None) -> None:
    assert b"".join(glance.read(str(uuid4()), start, stop)) == DATA[start:stop]


def test_such_a_store_is_known(glance: Glance) -> None:
    assert not glance.has_ranges(str(uuid4()))
