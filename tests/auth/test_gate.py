"""The gate over HTTP: who is challenged, who is let in, and what he sees."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.auth.admin import Admin, fresh
from tests.auth.conftest import Serve, Served
from tests.auth.test_token import PATH, basic, header
from tests.faults.patience import until
from tests.tenants import Tenants

DIGEST = "sha256:" + "0" * 64
SCOPES = [
    ("GET", "/v2/", None),
    ("GET", "/v2", None),
    ("GET", "/v2/_catalog", "registry:catalog:*"),
    ("GET", "/v2/app/tags/list", "repository:app:pull"),
    ("GET", "/v2/app/manifests/latest", "repository:app:pull"),
    ("HEAD", f"/v2/team/app/blobs/{DIGEST}", "repository:team/app:pull"),
    ("GET", f"/v2/app/referrers/{DIGEST}", "repository:app:pull"),
    ("POST", "/v2/app/blobs/uploads/", "repository:app:pull,push"),
    ("PUT", "/v2/app/manifests/latest", "repository:app:pull,push"),
    ("DELETE", f"/v2/app/manifests/{DIGEST}", "repository:app:delete"),
]
#: What each needs who may not do all.
READS, WRITES = SCOPES[:7], SCOPES[7:]


def challenge(origin: str, scope: str | None) -> str:
    told = f'Bearer realm="{origin}/auth/token",service="registry-glance"'
    return told + (f',scope="{scope}"' if scope else "")


@pytest.mark.parametrize(("method", "path", "scope"), SCOPES)
@pytest.mark.parametrize("authorization", [None, "Bearer nonsense", "Basic eDp5", "Digest x"])
def test_strangers_are_challenged(
    served: Served, method: str, path: str, scope: str | None, authorization: str | None
) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    if authorization == "Basic eDp5":
        headers["Authorization"] = basic("", "x")
    answer = served(method, path, **headers)
    assert answer.status == 401
    assert answer["WWW-Authenticate"] == challenge(f"http://{served.address}", scope)
    if method != "HEAD":
        assert answer.code == "UNAUTHORIZED"


def test_the_challenge_names_the_address_that_was_asked(served: Served) -> None:
    answer = served("GET", "/v2/", Host="images.example.org:5000")
    assert answer["WWW-Authenticate"] == challenge("http://images.example.org:5000", None)
    hostile = served("GET", "/v2/", Host='x",realm="http://evil')
    assert "evil" not in hostile["WWW-Authenticate"]


def test_realm_and_service_can_be_set(serve: Serve) -> None:
    served = serve(access={"realm": "https://login.example.org/t", "service": 'my "own"'})
    told = served("GET", "/v2/")["WWW-Authenticate"]
    assert told == r'Bearer realm="https://login.example.org/t",service="my \"own\""'


@pytest.mark.parametrize("way", ["bearer", "basic"])
def test_who_is_known_pushes_and_pulls_in_his_own_project(
    served: Served, tenants: Tenants, way: str
) -> None:
    def let_in(name: str) -> str:
        one = getattr(tenants, name)
        return f"Bearer {one.token()}" if way == "bearer" else header(one)

    name = fresh("app")
    assert served("GET", "/v2/", Authorization=let_in("alice")).status == 200
    begun = served("POST", f"/v2/{name}/blobs/uploads/", Authorization=let_in("alice"))
    assert begun.status == 202
    place = begun["Location"].removeprefix(f"http://{served.address}")
    assert served("GET", place, Authorization=let_in("alice")).status == 204
    assert served("GET", place, Authorization=let_in("bob")).status == 404


def test_the_same_name_is_another_repository_for_others(served: Served, tenants: Tenants) -> None:
    name, content = fresh("app"), b"content of alice"
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    path = f"/v2/{name}/blobs/uploads/?digest={digest}"
    pushed = served("POST", path, content, Authorization=header(tenants.alice))
    assert pushed.status == 201
    blob = f"/v2/{name}/blobs/{digest}"
    assert served("GET", blob, Authorization=header(tenants.alice)).body == content
    assert served("GET", blob, Authorization=header(tenants.rita)).body == content
    assert served("GET", blob, Authorization=header(tenants.bob)).status == 404


@pytest.mark.parametrize(("method", "path", "scope"), WRITES)
def test_a_reader_may_not_write(
    served: Served, tenants: Tenants, method: str, path: str, scope: str
) -> None:
    answer = served(method, path, Authorization=header(tenants.rita))
    assert (answer.status, answer.code) == (403, "DENIED")
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize(("method", "path", "scope"), READS)
def test_a_reader_may_read(
    served: Served, tenants: Tenants, method: str, path: str, scope: str | None
) -> None:
    answer = served(method, path, Authorization=header(tenants.rita))
    assert answer.status in (200, 404)


def test_a_policy_file_decides(serve: Serve, tenants: Tenants, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text('"registry:catalog": "role:admin"\n')
    served = serve(access={"policy_file": str(policy)})
    seen = [
        served("GET", "/v2/_catalog", Authorization=header(one)).status
        for one in (tenants.alice, tenants.adam)
    ]
    assert seen == [403, 200]


def test_who_glance_does_not_know_any_more_is_challenged(served: Served, tenants: Tenants) -> None:
    answer = served("GET", "/v2/forgotten/tags/list", Authorization=header(tenants.alice))
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    origin = f"http://{served.address}"
    assert answer["WWW-Authenticate"] == challenge(origin, "repository:forgotten:pull")


def test_a_revoked_token_is_refused_soon(serve: Serve, tenants: Tenants, admin: Admin) -> None:
    served, token = serve(access={"cache_time": 1}), tenants.alice.token()
    let_in = f"Bearer {token}"
    assert served("GET", "/v2/", Authorization=let_in).status == 200
    admin.revoke(token)
    assert until(lambda: served("GET", "/v2/", Authorization=let_in).status == 401)


def test_the_log_names_project_and_caller(served: Served, tenants: Tenants) -> None:
    token, name = tenants.alice.token(), fresh("app")
    served("GET", f"/v2/{name}/tags/list", Authorization=f"Bearer {token}")
    caller = hashlib.sha256(token.encode()).hexdigest()[:12]
    assert until(lambda: f"{tenants.alice.project_id} {caller}" in served.log)
    assert token not in served.log


def test_nobody_may_pull_where_that_is_allowed(serve: Serve, tenants: Tenants) -> None:
    served = serve(access={"anonymous": True})
    for method, path, scope in SCOPES:
        answer = served(method, path)
        assert answer.status == 401
        assert answer["WWW-Authenticate"] == challenge(f"http://{served.address}", scope)
    token = served("GET", PATH).json["token"]
    for method, path, scope in SCOPES:
        answer = served(method, path, Authorization=f"Bearer {token}")
        if scope is None or scope.endswith(":pull"):
            assert answer.status in (200, 404)
        else:
            assert answer.status == 401
            assert answer["WWW-Authenticate"] == challenge(f"http://{served.address}", scope)
    assert served("GET", "/v2/_catalog", Authorization=header(tenants.alice)).status == 200


def test_nobody_is_refused_elsewhere(served: Served) -> None:
    assert served("GET", "/v2/", Authorization="Bearer anonymous").status == 401


def test_paths_for_everybody_ask_for_nothing(served: Served) -> None:
    assert served("GET", "/healthz").status == 200
    assert served("GET", "/").status == 200
