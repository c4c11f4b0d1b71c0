"""The token endpoint over HTTP, as docker, containerd and podman use it."""

from __future__ import annotations

import base64
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

import pytest

from tests.api.client import Answer
from tests.auth.admin import fresh
from tests.auth.conftest import Serve, Served
from tests.faults.patience import until
from tests.tenants import Tenant, Tenants

PATH = "/auth/token"
FORM = "application/x-www-form-urlencoded"
QUERY = "?account=a&service=registry-glance&scope=repository%3Aapp%3Apull&client_id=docker"
ASKED = "repository:app:pull,push"
CHALLENGE = 'Basic realm="registry-glance", charset="UTF-8"'


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def header(one: Tenant) -> str:
    return basic(one.login, one.password)


def post(client: Served, *, path: str = PATH, **fields: str) -> Answer:
    return client("POST", path, urlencode(fields).encode(), Content_Type=FORM)


def opens(client: Served, answer: Answer) -> bool:
    """Whether the token in an answer is good for something."""
    token = answer.json["token"]
    return client("GET", "/v2/", Authorization=f"Bearer {token}").status == 200


@pytest.mark.parametrize("path", [PATH, PATH + "/"])
@pytest.mark.parametrize("query", ["", QUERY, QUERY + "&offline_token=true"])
def test_a_password_gives_a_token(served: Served, tenants: Tenants, path: str, query: str) -> None:
    answer = served("GET", path + query, Authorization=header(tenants.alice))
    assert answer.status == 200
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"
    given = answer.json
    assert set(given) == {"token", "access_token", "expires_in", "issued_at"}
    assert given["token"] == given["access_token"]
    assert 3600 < given["expires_in"] <= 86400
    issued = datetime.fromisoformat(given["issued_at"])
    assert abs(datetime.now(UTC) - issued) < timedelta(minutes=1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", given["issued_at"])
    assert opens(served, answer)


def test_head_answers_like_get(served: Served, tenants: Tenants) -> None:
    assert served("HEAD", PATH, Authorization=header(tenants.alice)).status == 200
    assert served("HEAD", PATH).status == 401


def test_other_methods_are_told_which_there_are(served: Served) -> None:
    answer = served("PUT", PATH)
    assert (answer.status, answer["Allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize("path", [PATH, PATH + "/"])
@pytest.mark.parametrize("offline", [False, True])
def test_a_form_gives_a_token(served: Served, tenants: Tenants, path: str, offline: bool) -> None:
    alice = tenants.alice
    answer = post(
        served,
        path=path,
        grant_type="password",
        username=alice.login,
        password=alice.password,
        scope=ASKED,
        service="registry-glance",
        client_id="containerd",
        **({"access_type": "offline"} if offline else {}),
    )
    assert answer.status == 200
    assert answer["Cache-Control"] == "no-store"
    assert answer.json["scope"] == ASKED
    assert ("refresh_token" in answer.json) == offline
    assert opens(served, answer)


def test_a_refresh_token_gives_a_token_of_the_same_end(served: Served, tenants: Tenants) -> None:
    token = tenants.alice.token()
    answer = post(served, grant_type="refresh_token", refresh_token=token, client_id="docker")
    assert answer.status == 200
    assert answer.json["access_token"] == token
    assert 3600 < answer.json["expires_in"] <= 86400
    assert "refresh_token" not in answer.json
    again = post(served, grant_type="refresh_token", refresh_token=token, access_type="offline")
    assert again.json["refresh_token"] == token


@pytest.mark.parametrize("fields", [{}, {"grant_type": "password"}], ids=["empty", "grant"])
def test_basic_is_understood_with_post(
    served: Served, tenants: Tenants, fields: dict[str, str]
) -> None:
    body = urlencode(fields).encode()
    answer = served("POST", PATH, body, Authorization=header(tenants.alice), Content_Type=FORM)
    assert answer.status == 200
    assert opens(served, answer)


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        (b"grant_type=authorization_code&code=x", FORM, "unsupported_grant_type"),
        (b"grant_type=", FORM, "unsupported_grant_type"),
        (b"", FORM, "invalid_request"),
        (b"a=b", FORM, "invalid_request"),
        (b"grant_type=password", FORM, "invalid_request"),
        (b"grant_type=password&grant_type=password", FORM, "invalid_request"),
        (b"grant_type=password&username=a&username=b&password=c", FORM, "invalid_request"),
        (b"grant_type=password&username=%ff&password=c", FORM, "invalid_request"),
        (b"grant_type=password&username=\xff&password=c", FORM, "invalid_request"),
        (b"grant_type=password&username=a&password=c", "application/json", "invalid_request"),
        (b"grant_type=password&username=a&password=c", "", "invalid_request"),
        (b"&".join([b"a=b"] * 3000), FORM, "invalid_request"),
    ],
    ids=range(12),
)
def test_forms_that_cannot_be_granted_are_refused(
    served: Served, body: bytes, content_type: str, error: str
) -> None:
    answer = served("POST", PATH, body, Content_Type=content_type)
    assert answer.status == 400
    assert answer.json["error"] == error
    assert answer.code == "UNSUPPORTED"
    assert answer["Cache-Control"] == "no-store"


def test_a_form_that_is_too_large_is_refused(served: Served) -> None:
    body = b"grant_type=password&username=a&password=" + b"x" * (16 << 10)
    answer = served("POST", PATH, body, Content_Type=FORM)
    assert answer.status == 413
    assert "Glance" not in answer.json["errors"][0]["message"]
    chunks = [b"x" * 10000] * 3
    assert served("POST", PATH, chunks, Content_Type=FORM).status == 413


def test_whatever_is_wrong_the_bytes_are_the_same(served: Served, tenants: Tenants) -> None:
    alice, unknown = tenants.alice, fresh("unknown")
    expired = "gAAAAAB" + "x" * 180
    answers = [
        served("GET", PATH),
        served("GET", PATH, Authorization=""),
        served("GET", PATH, Authorization="Basic nonsense"),
        served("GET", PATH, Authorization=basic(unknown, "x")),
        served("GET", PATH, Authorization=basic(alice.login, "x")),
        served("GET", PATH, Authorization=basic(f"{alice.user}/{unknown}", alice.password)),
        served("GET", PATH, Authorization=basic("token", expired)),
        served("GET", PATH, Authorization=basic("a\r\nb", "x")),
        served("GET", f"{PATH}?username={quote(alice.login)}&password={quote(alice.password)}"),
        served("POST", PATH, Authorization=basic(unknown, "x")),
        post(served, grant_type="password", username=unknown, password="x"),
        post(served, grant_type="password", username=alice.login),
        post(served, grant_type="refresh_token", refresh_token=expired),
        post(served, grant_type="refresh_token"),
        post(served, grant_type="refresh_token", refresh_token="anonymous"),
        post(served, grant_type="refresh_token", refresh_token="\U0001f511\x00"),
    ]
    assert {answer.status for answer in answers} == {401}
    assert {answer["WWW-Authenticate"] for answer in answers} == {CHALLENGE}
    assert {answer["Cache-Control"] for answer in answers} == {"no-store"}
    assert len({answer.body for answer in answers}) == 1
    assert answers[0].json == {
        "errors": [
            {
                "code": "UNAUTHORIZED",
                "message": "log in with a name, password and project that Keystone knows",
            }
        ]
    }


def test_a_guesser_is_slowed_down_and_then_sent_away(serve: Serve, tenants: Tenants) -> None:
    served = serve(threads=4)
    alice, bob = tenants.alice, tenants.bob
    wrong = basic(alice.login, "wrong")
    began = datetime.now(UTC)
    for _ in range(4):
        assert served("GET", PATH, Authorization=wrong).status == 401
    assert datetime.now(UTC) - began >= timedelta(seconds=0.25 + 0.5 + 1)
    assert served("GET", PATH, Authorization=header(bob)).status == 200

    def two_at_once() -> dict[int, Answer]:
        with ThreadPoolExecutor(2) as pool:
            guesses = [pool.submit(served, "GET", PATH, Authorization=wrong) for _ in range(2)]
            return {guess.result().status: guess.result() for guess in guesses}

    answers: dict[int, Answer] = {}
    assert until(lambda: answers.update(two_at_once()) or 429 in answers, seconds=60)
    assert set(answers) <= {401, 429}
    assert answers[429].code == "TOOMANYREQUESTS"
    assert int(answers[429]["Retry-After"]) > 0


def test_the_log_has_no_secret(served: Served, tenants: Tenants) -> None:
    alice = tenants.alice
    token = served("GET", PATH, Authorization=header(alice)).json["token"]
    served("GET", f"{PATH}?password={alice.password}", Authorization=f"Bearer {token}")
    post(served, grant_type="password", username=alice.login, password=alice.password)
    post(served, grant_type="refresh_token", refresh_token=token[:-2])
    assert PATH in served.log
    for secret in (alice.password, token, token[:-2], header(alice).split()[1]):
        assert secret not in served.log
    assert "Traceback" not in served.log


def test_nobody_gets_nobodys_token_where_that_is_allowed(serve: Serve) -> None:
    served = serve(access={"anonymous": True})
    for answer in (
        served("GET", PATH + QUERY),
        post(served, grant_type="refresh_token", refresh_token="anonymous"),
    ):
        assert answer.status == 200
        assert answer.json["token"] == answer.json["access_token"] == "anonymous"
        assert answer.json["expires_in"] == 300
        assert "refresh_token" not in answer.json
    wrong = served("GET", PATH, Authorization=basic("ann", "wrong"))
    assert wrong.status == 401
    assert served("GET", PATH, Authorization="Basic nonsense").status == 401
