"""Tokens that end: in the middle of a push, with their user, while Keystone is away."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from registry_glance.embedded.cloud import Cloud
from registry_glance.embedded.identity import Identity
from tests.access.conftest import eventually
from tests.access.test_logins import TOKEN, Known, basic, challenge, of
from tests.api.client import Answer, Client
from tests.api.content import Pusher, digest
from tests.auth.admin import Admin, fresh
from tests.conftest import StartRegistry
from tests.faults.behind import Behind, behind
from tests.faults.fault import DATA, LIST, answers
from tests.faults.patience import until
from tests.registry import RegistryProcess
from tests.tenants import ApplicationCredential, Tenant, Tenants

MIB = 1 << 20
#: Seconds that a token lasts which is to end while a test looks on: longer on slow machines.
LIVES = (8, 20, 60)


@pytest.fixture(scope="session")
def admin(cloud: Cloud) -> Admin:
    return Admin(cloud)


@pytest.fixture
def member(cloud: Cloud, tenants: Tenants) -> Tenant:
    """A new member of alpha, to whom anything may happen."""
    user = replace(
        tenants.alice.credentials, username=fresh("member"), password=secrets.token_hex(8)
    )
    Identity(cloud.admin).user(user, "member")
    return Tenant(user, tenants.alice.project_id)


@pytest.fixture
def client(tenant_registry: RegistryProcess) -> Client:
    return Client(tenant_registry.address)


def bearer(client: Client, token: str) -> Known:
    return Known(client.address, f"Bearer {token}")


def short(client: Client, tenant: Tenant, seconds: int) -> Known:
    """A client whose token ends in a moment, or has ended before it came."""
    end = datetime.now(UTC) + timedelta(seconds=seconds)
    robot = of_robot(tenant.application_credential(expires=end))
    given = client("GET", TOKEN, Authorization=robot).json
    assert given.get("expires_in", 0) <= seconds
    return bearer(client, given.get("token", "none"))


def outlive(client: Known, seconds: int) -> None:
    """Wait until a token has ended that lasts so long."""
    assert until(lambda: is_known(client) == 401, seconds + 15)


def begin(client: Known, repository: str) -> str:
    """The place of a new upload, or one that takes nothing if the token has ended."""
    return client("POST", f"/v2/{repository}/blobs/uploads/").headers.get("location", "/v2/")


def of_robot(made: ApplicationCredential) -> str:
    return basic(f"applicationcredential-{made.id}", made.secret)


def is_known(client: Client) -> int:
    return client("GET", "/v2/").status


def refuses(answer: Answer) -> bool:
    """Whether the client is told to log in, and where."""
    told = (answer.status, answer.code) == (401, "UNAUTHORIZED")
    return told and answer["WWW-Authenticate"].startswith("Bearer realm=")


class Patch:
    """A PATCH whose body comes in two halves."""

    def __init__(self, client: Known, place: str, body: bytes) -> None:
        self._rest = body[len(body) // 2 :]
        self._connection = client.connect()
        head = (
            f"PATCH {place} HTTP/1.1\r\nHost: registry\r\nConnection: close\r\n"
            f"Authorization: {client.authorization}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._connection.sendall(head.encode() + body[: len(body) // 2])

    def finish(self) -> tuple[int, str]:
        """Send the second half; the answer's status and its head."""
        with self._connection as connection:
            connection.sendall(self._rest)
            answer = b""
            while received := connection.recv(4096):
                answer += received
        return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[0].decode()


def offset(client: Client, place: str) -> int:
    """Where an upload goes on."""
    told = client("GET", place)
    assert told.status == 204
    assert told["Docker-Upload-UUID"] in place
    last = int(told["Range"].removeprefix("0-"))
    return last + 1 if last else 0


def go_on(client: Client, repository: str, place: str, body: bytes) -> None:
    """Send what is missing, and be sure that all has arrived."""
    begun = offset(client, place)
    if rest := body[begun:]:
        chunk = f"{begun}-{len(body) - 1}"
        assert client("PATCH", place, rest, Content_Range=chunk).status == 202
    assert client("PUT", f"{place}?digest={digest(body)}").status == 201
    assert client("GET", f"/v2/{repository}/blobs/{digest(body)}").body == body


def test_a_push_goes_on_after_its_token_has_ended(
    client: Client, tenants: Tenants, repository: str
) -> None:
    body = secrets.token_bytes(300_000)
    for seconds in LIVES:
        first = short(client, tenants.alice, seconds)
        place = begin(first, repository)
        if first("PATCH", place, body[:100_000]).status == 202:
            break
    outlive(first, seconds)
    for method, path, sent in [
        ("GET", place, None),
        ("PATCH", place, body[100_000:]),
        ("PUT", f"{place}?digest={digest(body)}", body[100_000:]),
    ]:
        refused = first(method, path, sent)
        assert refuses(refused)
        assert f'scope="repository:{repository}:pull' in refused["WWW-Authenticate"]
    again = bearer(client, tenants.alice.token())
    assert offset(again, place) == 100_000
    go_on(again, repository, place, body)


def test_a_body_arrives_whose_token_ends_on_the_way(
    client: Client, tenants: Tenants, repository: str
) -> None:
    body = secrets.token_bytes(300_000)
    for seconds in LIVES:
        first = short(client, tenants.alice, seconds)
        place = begin(first, repository)
        patch = Patch(first, place, body)
        outlive(first, seconds)
        status, head = patch.finish()
        if status == 202:
            break
    assert status == 202
    assert f"Range: 0-{len(body) - 1}\r\n" in f"{head}\r\n"
    again = bearer(client, tenants.alice.token())
    assert offset(again, place) == len(body)
    go_on(again, repository, place, body)


def test_a_body_whose_token_is_revoked_on_the_way_is_sent_again(
    client: Client, tenants: Tenants, admin: Admin, repository: str
) -> None:
    body, token = secrets.token_bytes(300_000), tenants.alice.token()
    first = bearer(client, token)
    place = Pusher(first, repository).upload()
    patch = Patch(first, place, body)
    admin.revoke(token)
    eventually(lambda: is_known(first), 401)
    status, head = patch.finish()
    assert status == 401
    assert "WWW-Authenticate: Bearer realm=" in head
    go_on(bearer(client, tenants.alice.token()), repository, place, body)


def revoked(member: Tenant, token: str, admin: Admin) -> None:
    admin.revoke(token)


def with_another_password(member: Tenant, token: str, admin: Admin) -> None:
    changed(member, admin, password=secrets.token_hex(8))


def disabled(member: Tenant, token: str, admin: Admin) -> None:
    changed(member, admin, enabled=False)


def changed(member: Tenant, admin: Admin, **what: object) -> None:
    admin("PATCH", f"users/{id_of(member, admin)}", user=what)


def without_his_role(member: Tenant, token: str, admin: Admin) -> None:
    role = admin("GET", "roles?name=member")["roles"][0]["id"]
    place = f"projects/{member.project_id}/users/{id_of(member, admin)}"
    admin("DELETE", f"{place}/roles/{role}")


def id_of(member: Tenant, admin: Admin) -> str:
    return str(admin("GET", f"users?name={member.user}")["users"][0]["id"])


ENDS: dict[str, Callable[[Tenant, str, Admin], None]] = {
    end.__name__: end for end in (revoked, with_another_password, disabled, without_his_role)
}


@pytest.mark.parametrize("end", ENDS)
def test_who_is_let_in_no_more_is_refused_soon(
    client: Client, admin: Admin, member: Tenant, repository: str, end: str
) -> None:
    token = member.token()
    robot = Known(client.address, of_robot(member.application_credential()))
    shown = [bearer(client, token), Known(client.address, of(member)), robot]
    Pusher(shown[0], repository).image("latest")
    path = f"/v2/{repository}/manifests/latest"
    assert [one("GET", path).status for one in shown] == [200] * 3
    ENDS[end](member, token, admin)
    lets_in = {"revoked": [401, 200, 200], "with_another_password": [401, 401, 200]}
    wanted = lets_in.get(end, [401] * 3)
    eventually(lambda: [one("GET", path).status for one in shown], wanted)


def test_a_deleted_application_credential_takes_its_tokens_with_it(
    client: Client, admin: Admin, member: Tenant
) -> None:
    made = member.application_credential()
    robot = Known(client.address, of_robot(made))
    token = bearer(client, client("GET", TOKEN, Authorization=of_robot(made)).json["token"])
    assert [is_known(robot), is_known(token)] == [200, 200]
    admin("DELETE", f"users/{id_of(member, admin)}/application_credentials/{made.id}")
    eventually(lambda: [is_known(robot), is_known(token)], [401, 401])


@pytest.fixture
def keystone(cloud: Cloud) -> Iterator[Cloud]:
    """A Keystone that may be stopped; it is there again afterwards."""
    yield cloud
    if not cloud.keystone_process.is_running:
        back(cloud)


def back(cloud: Cloud) -> None:
    cloud.keystone_process.start()
    cloud.keystone_process.wait_answering(cloud.auth_url)


def unavailable(answer: Answer) -> bool:
    told = (answer.status, answer.code) == (503, "UNAVAILABLE")
    return told and int(answer["Retry-After"]) > 0


def test_while_keystone_is_away_who_is_known_goes_on(
    keystone: Cloud,
    tenants: Tenants,
    client: Client,
    start_registry: StartRegistry,
    repository: str,
) -> None:
    """`client`'s registry believes Keystone for a second, the other one for ten minutes."""
    long = {"access": {"cache_time": 600}, "cache": {"staleness": 600}}
    # One worker: what one knows of a token, another one has to ask.
    believing = Client(start_registry(auth="keystone", workers=1, **long).address)
    token, unknown = tenants.alice.token(), tenants.alice.token()
    layer = secrets.token_bytes(1000)
    Pusher(bearer(believing, token), repository).image("latest", layer)
    path = f"/v2/{repository}/blobs/{digest(layer)}"
    assert [bearer(one, token)("GET", path).status for one in (believing, client)] == [200] * 2
    keystone.keystone_process.stop()
    assert bearer(believing, token)("GET", path).body == layer
    for one, shown in ((believing, unknown), (client, unknown)):
        assert unavailable(bearer(one, shown)("GET", path))
        assert unavailable(one("GET", TOKEN, Authorization=of(tenants.bob)))
    eventually(lambda: unavailable(bearer(client, token)("GET", path)), True)
    back(keystone)
    for shown in (token, unknown):
        assert bearer(client, shown)("GET", path).body == layer
    assert client("GET", TOKEN, Authorization=of(tenants.bob)).status == 200


@pytest.fixture(scope="module")
def place(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """A registry that asks Keystone, with pieces of 1 MiB, behind proxies."""
    changes = {
        "auth": "keystone",
        # A second one might ask with the registry's own token first, as it begins.
        "workers": 1,
        "access": {"cache_time": 1},
        "cache": {"staleness": 0},
        "glance": {"piece_size": MIB},
        "log": {"level": "debug"},
    }
    with behind(cloud, tmp_path_factory.mktemp("behind"), **changes) as found:
        yield found


def test_a_glance_that_knows_the_caller_no_more_sends_him_to_log_in(
    place: Behind, tenants: Tenants, repository: str
) -> None:
    alice = bearer(place.client, tenants.alice.token())
    Pusher(alice, repository).image("latest")
    path = f"/v2/{repository}/manifests/latest"
    place.glance.fail(answers(401, "GET", LIST))
    refused = alice("GET", path)
    place.settle()
    assert refuses(refused)
    assert refused["WWW-Authenticate"] == challenge(alice.address, repository)
    assert "retry-after" not in refused.headers
    assert alice("GET", path).status == 200


@pytest.mark.parametrize("pieces", [0, 2])
def test_an_upload_goes_on_where_glance_refused_its_token(
    place: Behind, tenants: Tenants, repository: str, pieces: int
) -> None:
    body = secrets.token_bytes(4 * MIB + 5)
    alice = bearer(place.client, tenants.alice.token())
    upload = Pusher(alice, repository).upload()
    place.glance.fail(replace(answers(401, "PUT", DATA, at=1 << 30), skip=pieces))
    refused = alice("PATCH", upload, body)
    place.settle()
    assert refuses(refused)
    go_on(bearer(place.client, tenants.alice.token()), repository, upload, body)
