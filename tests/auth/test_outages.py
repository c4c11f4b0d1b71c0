"""Keystone that is away, or that does not know the registry: nobody is told that he is wrong."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from registry_glance.embedded.cloud import Cloud
from registry_glance.errors import Unauthenticated, Unavailable
from tests.auth.admin import Admin, fresh
from tests.auth.conftest import MakeAuthority, Serve
from tests.auth.test_token import PATH, header
from tests.outages import back
from tests.tenants import Tenants

HERE = "192.0.2.1"


def test_a_keystone_that_is_away_is_no_wrong_password(
    serve: Serve, tenants: Tenants, keystone: Cloud
) -> None:
    served, alice = serve(access={"cache_time": 600}), tenants.alice
    known = served("GET", PATH, Authorization=header(alice)).json["token"]
    unknown = tenants.bob.token()
    keystone.keystone_process.stop()
    requests = [
        ("/v2/", f"Bearer {unknown}"),
        ("/v2/", header(tenants.bob)),
        (PATH, header(tenants.bob)),
    ]
    for path, authorization in requests:
        answer = served("GET", path, Authorization=authorization)
        assert (answer.status, answer.code) == (503, "UNAVAILABLE")
        assert int(answer["Retry-After"]) > 0
        assert "www-authenticate" not in answer.headers
        assert "127.0.0.1" not in answer.body.decode()
    assert served("GET", "/v2/", Authorization=f"Bearer {known}").status == 200
    assert served("GET", "/v2/", Authorization=header(alice)).status == 200
    assert served("GET", "/v2/").status == 401
    back(keystone)
    for path, authorization in requests:
        assert served("GET", path, Authorization=authorization).status == 200
    assert unknown not in served.log
    assert "Traceback" not in served.log


def with_auth(cloud: Cloud, **changes: str) -> dict[str, Any]:
    """Settings with other credentials of the registry."""
    return {"cloud": {"auth": {**cloud.registry.as_auth(), **changes}}}


def test_a_registry_that_keystone_refuses_says_unavailable(
    make_authority: MakeAuthority,
    tenants: Tenants,
    cloud: Cloud,
    caplog: pytest.LogCaptureFixture,
) -> None:
    password = secrets.token_hex(8)
    authority = make_authority(**with_auth(cloud, password=password))
    token = tenants.alice.token()
    with pytest.raises(Unavailable):
        authority.recognize(token)
    assert "rejected authorization" in caplog.text
    with pytest.raises(Unavailable):
        authority.log_in(tenants.alice.login, tenants.alice.password, HERE)
    with pytest.raises(Unauthenticated):
        authority.log_in(tenants.alice.login, "wrong", HERE)
    assert password not in caplog.text
    assert token not in caplog.text


def test_a_registry_that_may_not_ask_says_unavailable(
    make_authority: MakeAuthority,
    tenants: Tenants,
    cloud: Cloud,
    admin: Admin,
    caplog: pytest.LogCaptureFixture,
) -> None:
    name, shop = fresh("registry"), fresh("shop")
    project, user = admin.project(shop), admin.user(name, "secret-1")
    admin.assign("reader", user, f"projects/{project}")
    changes = {"username": name, "password": "secret-1", "project_name": shop}
    authority = make_authority(**with_auth(cloud, **changes))
    with pytest.raises(Unavailable):
        authority.recognize(tenants.alice.token())
    assert "403" in caplog.text
    admin.assign("service", user, f"projects/{project}")
    authority = make_authority(**with_auth(cloud, **changes))
    assert authority.recognize(tenants.alice.token()).project == tenants.alice.project_id


def test_an_application_credential_may_be_the_registrys_own(
    make_authority: MakeAuthority, tenants: Tenants, cloud: Cloud, admin: Admin
) -> None:
    name, shop = fresh("registry"), fresh("shop")
    project, user = admin.project(shop), admin.user(name, "secret-1")
    admin.assign("service", user, f"projects/{project}")
    made = admin.application_credential(name, "secret-1", shop)
    authority = make_authority(
        cloud={
            "auth_type": "v3applicationcredential",
            "auth": {
                "auth_url": cloud.auth_url.removesuffix("/v3"),
                "application_credential_id": made["id"],
                "application_credential_secret": made["secret"],
            },
        }
    )
    alice = tenants.alice
    assert authority.log_in(alice.login, alice.password, HERE).project == alice.project_id
