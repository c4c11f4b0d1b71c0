"""Logging in by hand: with each request, for a token, on one connection, and wrongly."""

from __future__ import annotations

import base64
import hashlib
import http.client
import secrets
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlencode

import pytest

from registry_glance.embedded.cloud import Cloud
from tests.access.conftest import eventually
from tests.api.client import Answer, Body, Client
from tests.api.content import Pusher, digest
from tests.conftest import registries
from tests.registry import RegistryProcess
from tests.tenants import Tenant, Tenants

TOKEN = "/auth/token"
FORM = "application/x-www-form-urlencoded"
GARBAGE = [
    "",
    " ",
    "Basic",
    "Bearer",
    "Bearer ",
    "Basic ",
    "Basic :",
    "Basic Og==",
    "Basic =",
    "Basic ====",
    "Basic a",
    "Basic %41%3a%42",
    "Basic YWxpY2U=",
    "Basic YWxpY2U6",
    "Basic OnNlY3JldA==",
    "Basic YWxpY2U6c2VjcmV0 ",
    "Basic YWxpY2U6c2VjcmV0, Bearer x",
    "Basic YWxpY2U6c2Vj cmV0",
    "Basic " + base64.b64encode(b"\xff\xfe:\x80").decode(),
    "Basic " + base64.b64encode(b"a\x00b:c").decode(),
    "Basic " + base64.b64encode(b"a\r\nX-Roles: admin:c").decode(),
    "Basic " + base64.b64encode("\ud83d\ude00:\u202e".encode("utf-8", "surrogatepass")).decode(),
    "Basic " + base64.b64encode(b"@/@:x").decode(),
    "Basic " + base64.b64encode(b"/:x").decode(),
    "Basic " + base64.b64encode(b"a/b/c@d@e:x").decode(),
    "Basic " + base64.b64encode(b"applicationcredential-:x").decode(),
    "Basic " + base64.b64encode(b"applicationcredential-../../users:x").decode(),
    "Basic " + base64.b64encode(b"token:x").decode(),
    "Basic " + base64.b64encode(b"a:" + b"x" * 5000).decode(),
    "Bearer x",
    "Bearer x y",
    "Bearer ../../v3/users",
    "Bearer \xe9\xe8",
    "Bearer " + "x" * 8000,
    "Bearer gAAAAA" + "A" * 200,
    "Bearer\tx",
    "Bearer,x",
    "Digest username=alice",
    "Negotiate YII",
    "AWS4-HMAC-SHA256 Credential=x",
    "alice:secret",
    "\xff" * 20,
    "null",
]


class Known(Client):
    """A client that sends the same Authorization with every request."""

    def __init__(self, address: str, authorization: str) -> None:
        super().__init__(address)
        self.authorization = authorization

    def __call__(self, method: str, path: str, body: Body = None, **headers: str) -> Answer:
        """Send, as whoever that is."""
        return super().__call__(
            method, path, body, **{"Authorization": self.authorization, **headers}
        )


@pytest.fixture(scope="module")
def registry(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryProcess]:
    """One that nobody else needs: wrong passwords make all from one address wait."""
    with registries(cloud, tmp_path_factory) as start:
        yield start(auth="keystone")


@pytest.fixture
def client(registry: RegistryProcess) -> Client:
    """A client that nobody knows."""
    return Client(registry.address)


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def of(tenant: Tenant) -> str:
    """What a user's client sends."""
    return basic(tenant.login, tenant.password)


def logins(tenant: Tenant) -> dict[str, str]:
    """Each way in which a request can say itself who sends it."""
    made = tenant.application_credential()
    return {
        "password": of(tenant),
        "application credential": basic(f"applicationcredential-{made.id}", made.secret),
        "token": basic("token", tenant.token()),
    }


@pytest.mark.parametrize("way", ["password", "application credential", "token"])
def test_basic_alone_pushes_and_pulls(
    client: Client, tenants: Tenants, repository: str, way: str
) -> None:
    layer = secrets.token_bytes(100_000)
    alice = Known(client.address, logins(tenants.alice)[way])
    pushed = Pusher(alice, repository).image("latest", layer)
    assert digest(alice("GET", f"/v2/{repository}/manifests/latest").body) == pushed
    assert alice("GET", f"/v2/{repository}/blobs/{digest(layer)}").body == layer
    bob = Known(client.address, of(tenants.bob))
    assert bob("GET", f"/v2/{repository}/manifests/latest").status == 404


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_bearer_may_be_written_in_any_way(client: Client, tenants: Tenants, scheme: str) -> None:
    token = tenants.alice.token()
    for shown in (f"{scheme} {token}", f"{scheme}   {token} "):
        assert client("GET", "/v2/", Authorization=shown).status == 200


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC", "bAsIc"])
def test_basic_may_be_written_in_any_way(client: Client, tenants: Tenants, scheme: str) -> None:
    pair = of(tenants.alice).removeprefix("Basic ")
    for shown in (f"{scheme} {pair}", f"{scheme}   {pair} "):
        assert client("GET", "/v2/", Authorization=shown).status == 200


@pytest.mark.parametrize("way", ["basic", "bearer"])
def test_two_users_on_one_connection_never_mix(
    client: Client, tenants: Tenants, repository: str, way: str
) -> None:
    """As behind a proxy that keeps connections for everybody."""
    Pusher(Known(client.address, of(tenants.alice)), repository).image("latest")
    shown = {
        one.user: of(one) if way == "basic" else f"Bearer {one.token()}"
        for one in (tenants.alice, tenants.bob, tenants.rita)
    }
    wanted = {tenants.alice.user: 200, tenants.bob.user: 404, tenants.rita.user: 200}
    path = f"/v2/{repository}/manifests/latest"
    with closing(http.client.HTTPConnection(client.address, timeout=30)) as connection:
        connection.connect()
        socket = connection.sock
        for user in [*wanted, *wanted, *reversed(wanted)] * 3:
            for headers, status in (({"Authorization": shown[user]}, wanted[user]), ({}, 401)):
                connection.request("GET", path, headers=headers)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == status
        assert connection.sock is socket


def challenge(address: str, repository: str) -> str:
    return (
        f'Bearer realm="http://{address}{TOKEN}",service="registry-glance",'
        f'scope="repository:{repository}:pull"'
    )


@pytest.mark.parametrize("authorization", GARBAGE, ids=range(len(GARBAGE)))
def test_what_is_no_login_is_challenged(
    client: Client, repository: str, authorization: str
) -> None:
    path = f"/v2/{repository}/manifests/latest"
    answer = client("GET", path, Authorization=authorization)
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    assert answer["WWW-Authenticate"] == challenge(client.address, repository)
    token = client("GET", TOKEN, Authorization=authorization)
    assert (token.status, token.code) == (401, "UNAUTHORIZED")
    assert token["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Authorization: {alice}", "Authorization: {bob}"], 401),
        (["Authorization: {alice}", "Authorization: Bearer x"], 401),
        (["authorization: {alice}"], 200),
        (["Authorization : {alice}"], 400),
        (["Authorization: {alice}\x00"], 400),
        (["Authorization: {alice}\x7f"], 400),
        (["Authorization: Basic", " {alice}"], 400),
        (["Authorization_: {alice}"], 401),
        (["Proxy-Authorization: {alice}"], 401),
        (["X-Auth-Token: {token}"], 401),
        (["X-Identity-Status: Confirmed", "X-Project-Id: {project}", "X-Roles: admin"], 401),
        (["X-Service-Token: {token}"], 401),
        (["Cookie: token={token}"], 401),
        (["Authorization: Bearer " + "x" * 9000], 431),
    ],
    ids=range(14),
)
def test_one_header_counts_and_it_counts_once(
    client: Client, tenants: Tenants, lines: list[str], status: int
) -> None:
    """The middleware's own headers, and those of other services, mean nothing here."""
    alice, bob = tenants.alice, tenants.bob
    known = {"token": alice.token(), "project": alice.project_id}
    head = "\r\n".join(["GET /v2/ HTTP/1.1", "Host: registry", "Connection: close", *lines])
    with client.connect() as connection:
        sent = head.format(alice=of(alice), bob=of(bob), **known)
        connection.sendall(f"{sent}\r\n\r\n".encode("latin-1"))
        answer = b""
        while received := connection.recv(4096):
            answer += received
    assert int(answer.split()[1]) == status


def test_a_token_for_a_password_is_good_for_a_push(
    client: Client, tenants: Tenants, repository: str
) -> None:
    scope = f"repository:{repository}:pull,push"
    query = urlencode({"service": "registry-glance", "scope": scope, "account": "alice"})
    given = client("GET", f"{TOKEN}?{query}", Authorization=of(tenants.alice))
    assert given.status == 200
    alice = Known(client.address, f"Bearer {given.json['token']}")
    pushed = Pusher(alice, repository).image("latest", b"layer")
    assert alice("HEAD", f"/v2/{repository}/manifests/{pushed}").status == 200


def test_a_refresh_token_goes_on_where_the_password_was(
    client: Client, tenants: Tenants, repository: str
) -> None:
    """What containerd, and docker with an identity token, do by POST."""
    fields = {"service": "registry-glance", "client_id": "docker", "access_type": "offline"}
    user = {"username": tenants.alice.login, "password": tenants.alice.password}
    first = posted(client, grant_type="password", **user, **fields)
    assert first.status == 200
    pusher = Pusher(Known(client.address, f"Bearer {first.json['access_token']}"), repository)
    pushed = pusher.image("latest", b"layer")
    refresh = first.json["refresh_token"]
    second = posted(client, grant_type="refresh_token", refresh_token=refresh, **fields)
    assert second.status == 200
    again = Known(client.address, f"Bearer {second.json['access_token']}")
    assert digest(again("GET", f"/v2/{repository}/manifests/latest").body) == pushed
    assert second.json["expires_in"] <= first.json["expires_in"]


def test_the_log_knows_a_caller_by_a_hash(
    registry: RegistryProcess, client: Client, tenants: Tenants, repository: str
) -> None:
    token = tenants.alice.token()
    Known(client.address, f"Bearer {token}")("GET", f"/v2/{repository}/tags/list")
    caller = hashlib.sha256(token.encode()).hexdigest()[:12]

    def told() -> list[list[str]]:
        lines = [line for line in registry.log.splitlines() if f"/{repository}/" in line]
        return [line.split()[-2:] for line in lines]

    eventually(told, [[tenants.alice.project_id, caller]])


def posted(client: Client, **fields: str) -> Answer:
    return client("POST", TOKEN, urlencode(fields).encode(), Content_Type=FORM)
