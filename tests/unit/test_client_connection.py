"""What a client does beside registries that mean it no good; each is a real server."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import pytest

from registry_glance.client import download
from registry_glance.client.connection import Connection
from registry_glance.client.credentials import Credentials
from registry_glance.client.errors import LoginRefused, Refusal, Unreachable, Untrue
from registry_glance.client.patience import Patience
from registry_glance.client.registry import Registry
from registry_glance.client.trust import Trust
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest
from registry_glance.oci.names import Repository, Tag

APP = Repository("app")
DATA = bytes(range(256)) * 2048
BLOB = Descriptor("application/octet-stream", Digest.of(DATA), len(DATA))
BASIC = f"Basic {b64encode(b'ann:hush').decode()}"


class Asked(NamedTuple):
    """A request that has come."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


class Told(NamedTuple):
    """What is to be answered; the length is that of the body unless the headers say otherwise."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


Plan = Callable[[Asked], Told]


class Server:
    """Answers as planned, and keeps what it was asked."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.asked: list[Asked] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self._http.server_address[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                asked = Asked(self.command, self.path, dict(self.headers.items()), body)
                server.asked.append(asked)
                told = server.plan(asked)
                self.send_response(told.status)
                for name, text in {"Content-Length": str(len(told.body)), **told.headers}.items():
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(told.body)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = handle_one  # noqa: N815

            def log_message(self, *_: Any) -> None:
                return

        return Handler


@pytest.fixture
def serve() -> Iterator[Callable[[Plan], Server]]:
    """Start a server; all end with the test."""
    servers: list[Server] = []

    def start(plan: Plan) -> Server:
        servers.append(Server(plan))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def registry(address: str, *, plain: bool = False, pauses: list[float] | None = None) -> Registry:
    """A client that has a login for whoever asks, and does not wait."""

    def logins(_: str) -> Credentials:
        return Credentials("ann", "hush")

    waited = [] if pauses is None else pauses
    return Registry(Connection(Trust(address, plain), logins, Patience(sleep=waited.append)))


def wants_basic(asked: Asked) -> Told | None:
    if "Authorization" in asked.headers:
        return None
    return Told(401, {"WWW-Authenticate": 'Basic realm="x"'})


def test_a_login_waits_until_it_is_asked_for(serve: Callable[[Plan], Server]) -> None:
    server = serve(lambda asked: wants_basic(asked) or Told(200, {}, b'{"repositories": []}'))
    assert list(registry(server.address).repositories()) == []
    assert [one.headers.get("Authorization") for one in server.asked] == [None, BASIC]


def test_a_redirect_to_another_place_loses_the_login(serve: Callable[[Plan], Server]) -> None:
    other = serve(lambda asked: Told(200, {}, DATA))
    place = f"http://{other.address}/bucket"
    server = serve(lambda asked: wants_basic(asked) or Told(307, {"Location": place}))
    assert b"".join(download.read(registry(server.address), APP, BLOB)) == DATA
    assert [one.path for one in other.asked] == ["/bucket"]
    assert "Authorization" not in other.asked[0].headers


def test_another_place_cannot_ask_for_the_login(serve: Callable[[Plan], Server]) -> None:
    other = serve(lambda asked: wants_basic(asked) or Told(200, {}, DATA))
    place = f"http://{other.address}/bucket"
    server = serve(lambda asked: wants_basic(asked) or Told(307, {"Location": place}))
    with pytest.raises(LoginRefused):
        b"".join(download.read(registry(server.address), APP, BLOB))
    assert all("Authorization" not in one.headers for one in other.asked)


def test_no_login_goes_beyond_loopback_without_tls(serve: Callable[[Plan], Server]) -> None:
    server = serve(lambda asked: wants_basic(asked) or Told(200, {}, b'{"repositories": []}'))
    # It is this machine, but the client does not know.
    open_ground = registry(f"0.0.0.0:{server.port}", plain=True)
    with pytest.raises(LoginRefused, match="without TLS"):
        list(open_ground.repositories())
    assert all("Authorization" not in one.headers for one in server.asked)


@pytest.mark.parametrize("realm", ["http://10.255.255.1/token", "ftp://x/", "", "http://h:x/"])
def test_a_realm_without_tls_gets_no_password(serve: Callable[[Plan], Server], realm: str) -> None:
    challenge = f'Bearer realm="{realm}",service="s"'
    server = serve(lambda asked: Told(401, {"WWW-Authenticate": challenge}))
    with pytest.raises(Unreachable):
        list(registry(server.address).repositories())


def test_a_token_is_asked_for_with_the_scope_and_used_again(
    serve: Callable[[Plan], Server],
) -> None:
    def plan(asked: Asked) -> Told:
        if asked.path.startswith("/token"):
            return Told(200, {}, b'{"token": "t1"}')
        if asked.headers.get("Authorization") != "Bearer t1":
            realm = f"http://{asked.headers['Host']}/token"
            wanted = f'Bearer realm="{realm}",service="s",scope="repository:app:pull"'
            return Told(401, {"WWW-Authenticate": wanted})
        return Told(200, {}, DATA)

    server = serve(plan)
    client = registry(server.address)
    for _ in range(2):
        assert b"".join(download.read(client, APP, BLOB)) == DATA
    tokens = [one for one in server.asked if one.path.startswith("/token")]
    assert [one.path for one in tokens] == ["/token?service=s&scope=repository%3Aapp%3Apull"]
    assert tokens[0].headers["Authorization"] == BASIC


def test_a_wait_is_bounded_whatever_the_registry_says(serve: Callable[[Plan], Server]) -> None:
    answers = iter(["7", "100000", "Wed, 21 Oct 2099 07:28:00 GMT", "soon"])

    def plan(asked: Asked) -> Told:
        later = next(answers, None)
        if later is None:
            return Told(200, {}, b'{"repositories": ["a"]}')
        return Told(503, {"Retry-After": later})

    pauses: list[float] = []
    assert list(registry(serve(plan).address, pauses=pauses).repositories()) == ["a"]
    assert pauses[:3] == [7, 30, 30]
    assert 0 < pauses[3] <= 30


def test_the_registrys_words_are_shown_without_what_a_terminal_obeys(
    serve: Callable[[Plan], Server],
) -> None:
    body = b'{"errors": [{"code": "DENIED", "message": "no\\u001b[2J\\nway"}]}'
    server = serve(lambda asked: Told(403, {}, body))
    with pytest.raises(Refusal, match=r"^no \[2J way$") as refused:
        list(registry(server.address).repositories())
    assert (refused.value.code, refused.value.status) == ("DENIED", 403)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"errors": []}', b'{"errors": {"a": 1}}', b"\xff"])
def test_an_error_without_words_is_one_all_the_same(
    serve: Callable[[Plan], Server], body: bytes
) -> None:
    server = serve(lambda asked: Told(400, {}, body))
    with pytest.raises(Refusal, match="answered 400"):
        list(registry(server.address).repositories())


def test_ranges_that_are_not_known_cost_bytes_only(serve: Callable[[Plan], Server]) -> None:
    server = serve(lambda asked: Told(200, {}, DATA))
    found = b"".join(download.read(registry(server.address), APP, BLOB, 1000))
    assert found == DATA[1000:]
    assert server.asked[0].headers["Range"] == "bytes=1000-"


def test_a_broken_answer_is_read_on(serve: Callable[[Plan], Server]) -> None:
    def plan(asked: Asked) -> Told:
        if "Range" not in asked.headers:
            return Told(200, {"Content-Length": str(len(DATA))}, DATA[:400_000])
        start = int(asked.headers["Range"][6:-1])
        said = {"Content-Range": f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"}
        return Told(206, said, DATA[start:])

    server = serve(plan)
    chunks = download.read(registry(server.address), APP, BLOB)
    assert b"".join(download.verified(chunks, BLOB.digest)) == DATA
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("told", "error"),
    [
        (Told(200, {}, DATA + b"x"), Untrue),
        (Told(206, {"Content-Range": "bytes 5-9/10"}, DATA), Untrue),
        (Told(200, {}, DATA[:-1]), Unreachable),
        (Told(200, {}, DATA[:-1] + b"x"), Untrue),
    ],
)
def test_other_bytes_are_refused(
    serve: Callable[[Plan], Server], told: Told, error: type[Exception]
) -> None:
    chunks = download.read(registry(serve(lambda asked: told).address), APP, BLOB)
    with pytest.raises(error):
        b"".join(download.verified(chunks, BLOB.digest))


def test_a_manifest_has_the_digest_that_it_is_said_to_have(
    serve: Callable[[Plan], Server],
) -> None:
    said = {"Docker-Content-Digest": str(BLOB.digest)}
    server = serve(lambda asked: Told(200, said, b'{"schemaVersion": 2, "manifests": []}'))
    with pytest.raises(Untrue):
        registry(server.address).manifest(APP, Tag("latest"))


def test_a_list_without_end_has_one(serve: Callable[[Plan], Server]) -> None:
    link = {"Link": '</v2/_catalog?n=1>; rel="next"'}
    server = serve(lambda asked: Told(200, link, b'{"repositories": ["a"]}'))
    with pytest.raises(Unreachable, match="without end"):
        list(registry(server.address).repositories())


def test_redirects_without_end_have_one(serve: Callable[[Plan], Server]) -> None:
    server = serve(lambda asked: Told(302, {"Location": asked.path}))
    with pytest.raises(Unreachable, match="redirects"):
        registry(server.address).blob(APP, BLOB.digest)


def test_a_document_that_breaks_off_is_asked_for_again(serve: Callable[[Plan], Server]) -> None:
    whole = b'{"repositories": ["a"]}'
    answers = [Told(200, {}, whole), Told(200, {"Content-Length": "23"}, whole[:9])]
    assert list(registry(serve(lambda asked: answers.pop()).address).repositories()) == ["a"]


def test_a_push_that_is_sent_elsewhere_is_not_done(serve: Callable[[Plan], Server]) -> None:
    server = serve(lambda asked: Told(308, {"Location": "https://127.0.0.1:1/"}))
    manifest = Manifest.parse(b'{"schemaVersion": 2, "manifests": []}', None)
    with pytest.raises(Refusal, match="308"):
        registry(server.address).put_manifest(APP, manifest, Tag("latest"))


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b'{"repositories": 1}', b'{"repositories": ["\\n"]}']
)
def test_lists_of_something_else_are_refused(serve: Callable[[Plan], Server], body: bytes) -> None:
    server = serve(lambda asked: Told(200, {}, body))
    with pytest.raises(Unreachable):
        list(registry(server.address).repositories())
