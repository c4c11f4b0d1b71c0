"""Logging in at a real Keystone, in every way there is; and being refused."""

from __future__ import annotations

import base64
import logging
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from keystoneauth1.identity import v3
from oslo_config import cfg

from registry_glance.auth.authority import Authority
from registry_glance.auth.identity import Identity
from registry_glance.embedded.cloud import Cloud
from registry_glance.errors import Denied, RegistryError, Unauthenticated
from tests.auth.admin import Admin, fresh
from tests.auth.conftest import MakeAuthority
from tests.faults.patience import until
from tests.tenants import Tenants

HERE = "192.0.2.1"


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def refuses(authority: Authority, username: str, password: str) -> bool:
    """Whether nothing is said but that the credentials are wrong."""
    try:
        authority.log_in(username, password, fresh("address"))
    except Unauthenticated as error:
        return (error.message, error.detail, error.headers) == ("", None, {})
    return False


def is_alice(identity: Identity, tenants: Tenants) -> bool:
    return identity.project == tenants.alice.project_id and "member" in identity.roles


@pytest.mark.parametrize(
    "spell",
    [
        lambda one: f"{one.user}/{one.project}",
        lambda one: f"{one.user}@Default/{one.project}",
        lambda one: f"{one.user}/{one.project}@Default",
        lambda one: one.login,
    ],
    ids=["short", "user-domain", "project-domain", "long"],
)
def test_a_user_logs_in(authority: Authority, tenants: Tenants, spell: Callable[..., str]) -> None:
    alice = tenants.alice
    identity = authority.log_in(spell(alice), alice.password, HERE)
    assert is_alice(identity, tenants)
    assert identity.issued <= datetime.now(UTC) + timedelta(seconds=60)
    assert identity.expires > datetime.now(UTC) + timedelta(minutes=5)
    assert authority.identify(f"Bearer {identity.token}", HERE) == identity


def test_a_project_that_is_not_named_is_the_users_own(authority: Authority, admin: Admin) -> None:
    project, name = admin.project(fresh("shop")), fresh("dora")
    user = admin.user(name, "secret-1", default_project_id=project)
    admin.assign("reader", user, f"projects/{project}")
    identity = authority.log_in(name, "secret-1", HERE)
    assert (identity.project, identity.user) == (project, user)
    assert identity.roles == {"reader"}


def test_who_has_no_project_is_refused(authority: Authority, admin: Admin) -> None:
    name = fresh("dora")
    admin.user(name, "secret-1")
    assert refuses(authority, name, "secret-1")


def test_other_domains_mail_addresses_and_odd_names_work(
    authority: Authority, admin: Admin
) -> None:
    home, home_name = admin.domain()
    away, away_name = admin.domain()
    mail, shop = f"{fresh('Ünal')}@example.org", fresh("a/b c")
    project = admin.project(shop, away)
    user = admin.user(mail, "pässword: with @/", home)
    admin.assign("member", user, f"projects/{project}")
    login = f"{mail}@{home_name}/{shop}@{away_name}"
    identity = authority.identify(basic(login, "pässword: with @/"), HERE)
    assert (identity.project, identity.user) == (project, user)
    assert refuses(authority, f"{mail}/{shop}@{away_name}", "pässword: with @/")


def test_the_default_domain_can_be_another(make_authority: MakeAuthority, admin: Admin) -> None:
    home, home_name = admin.domain()
    project = admin.project("shop", home)
    admin.assign("member", admin.user("ann", "secret-1", home), f"projects/{project}")
    authority = make_authority(access={"default_domain": home_name})
    assert authority.log_in("ann/shop", "secret-1", HERE).project == project


def test_application_credentials_log_in(authority: Authority, tenants: Tenants) -> None:
    alice, made = tenants.alice, tenants.alice.application_credential(roles=["reader"])
    names = [made.id, f"{made.name}@{alice.user}", f"{made.name}@{alice.user}@Default"]
    for name in names:
        identity = authority.log_in(f"applicationcredential-{name}", made.secret, HERE)
        assert identity.project == alice.project_id
        assert identity.roles == {"reader"}
        assert refuses(authority, f"applicationcredential-{name}", alice.password)


def test_application_credentials_for_other_services_are_refused(
    authority: Authority, tenants: Tenants
) -> None:
    rules = [{"service": "compute", "method": "GET", "path": "/v2.1/servers"}]
    made = tenants.alice.application_credential(rules=rules)
    assert refuses(authority, f"applicationcredential-{made.id}", made.secret)


def test_a_token_logs_in(authority: Authority, tenants: Tenants) -> None:
    token = tenants.alice.token()
    identity = authority.log_in("token", token, HERE)
    assert is_alice(identity, tenants)
    assert identity.token == token


def test_whatever_is_wrong_the_answer_is_the_same(
    authority: Authority, tenants: Tenants, admin: Admin
) -> None:
    alice, nobody = tenants.alice, tenants.nobody
    disabled = fresh("dora")
    user = admin.user(disabled, "secret-1", enabled=False)
    admin.assign("member", user, f"projects/{alice.project_id}")
    made = alice.application_credential()
    wrong = [
        (alice.login, "wrong"),
        (alice.login, alice.password + " "),
        (fresh("unknown"), alice.password),
        (f"{alice.user}@{fresh('unknown')}/{alice.project}", alice.password),
        (f"{alice.user}/{fresh('unknown')}", alice.password),
        (f"{alice.user}/{alice.project}@{fresh('unknown')}", alice.password),
        (f"{alice.user}/{tenants.bob.project}", alice.password),
        (nobody.login, nobody.password),
        (f"{disabled}/{alice.project}", "secret-1"),
        (f"applicationcredential-{made.id}", "wrong"),
        (f"applicationcredential-{fresh('unknown')}", made.secret),
        (f"applicationcredential-{fresh('unknown')}@{alice.user}", made.secret),
        (f"applicationcredential-{made.name}@{tenants.bob.user}", made.secret),
        ("token", "wrong"),
        ("x" * 1000, "x" * 8000),
        ("\u2028", "\u2029"),
        ("", ""),
    ]
    assert [name for name, password in wrong if not refuses(authority, name, password)] == []


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Basic", "Basic !", "Digest x", "Negotiate", "bearerx", " "],
)
def test_headers_that_say_nothing_are_refused(authority: Authority, header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        authority.identify(header, HERE)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_schemes_are_read_in_any_case(authority: Authority, tenants: Tenants, scheme: str) -> None:
    assert is_alice(authority.identify(f"{scheme} {tenants.alice.token()}", HERE), tenants)
    alice = tenants.alice
    spelt = basic(alice.login, alice.password).replace("Basic", scheme.replace("earer", "asic"))
    assert is_alice(authority.identify(spelt.replace("EARER", "ASIC"), HERE), tenants)


def test_tokens_that_are_none_are_refused(authority: Authority, tenants: Tenants) -> None:
    token = tenants.alice.token()
    middle = len(token) // 2
    flipped = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    wrong = [flipped, token[:-4], token + "AAAA", token * 2, "x", "x" * 8000, "x" * 9000, "é"]
    for text in [*wrong, "a b", "a\tb", "a\x00", "../../users", "anonymous", "\ud800", ","]:
        with pytest.raises(Unauthenticated):
            authority.recognize(text)
    assert is_alice(authority.recognize(token), tenants)


def test_only_a_token_with_a_project_is_of_use(
    authority: Authority, admin: Admin, cloud: Cloud
) -> None:
    user, password = cloud.admin.username, cloud.admin.password
    admin_id = admin("GET", f"users?name={user}")["users"][0]["id"]
    admin.assign("admin", admin_id, "domains/default")
    scopes = [{"unscoped": True}, {"domain_id": "default"}, {"system_scope": "all"}]
    for scope in scopes:
        auth = v3.Password(
            cloud.auth_url, username=user, password=password, user_domain_id="default", **scope
        )
        with pytest.raises(Unauthenticated):
            authority.recognize(admin.scoped(auth))


def test_a_revoked_token_is_refused(
    make_authority: MakeAuthority, tenants: Tenants, admin: Admin
) -> None:
    authority, token = make_authority(access={"cache_time": 1}), tenants.alice.token()
    assert is_alice(authority.recognize(token), tenants)
    admin.revoke(token)

    def refused() -> bool:
        try:
            authority.recognize(token)
        except Unauthenticated:
            return True
        return False

    assert until(refused)


def test_a_token_that_ends_is_refused_although_it_is_remembered(
    authority: Authority, tenants: Tenants
) -> None:
    end = datetime.now(UTC) + timedelta(seconds=4)
    made = tenants.alice.application_credential(expires=end)
    login = f"applicationcredential-{made.id}"
    identity = authority.log_in(login, made.secret, HERE)
    assert identity.expires <= end

    def refused() -> bool:
        try:
            authority.recognize(identity.token)
        except Unauthenticated:
            return True
        return False

    assert until(refused)
    assert datetime.now(UTC) >= identity.expires
    assert refuses(authority, login, made.secret)


def test_a_login_is_remembered_until_its_token_is_revoked(
    make_authority: MakeAuthority, tenants: Tenants, admin: Admin
) -> None:
    authority, alice = make_authority(access={"cache_time": 2}), tenants.alice
    first = authority.log_in(alice.login, alice.password, HERE)
    assert authority.log_in(alice.login, alice.password, "192.0.2.2") == first
    assert refuses(authority, alice.login, "wrong")
    admin.revoke(first.token)
    assert until(lambda: authority.log_in(alice.login, alice.password, HERE) != first)


def test_a_user_who_is_disabled_is_refused_soon(
    make_authority: MakeAuthority, tenants: Tenants, admin: Admin
) -> None:
    authority, name = make_authority(access={"cache_time": 1}), fresh("dora")
    user = admin.user(name, "secret-1")
    admin.assign("member", user, f"projects/{tenants.alice.project_id}")
    login = f"{name}/{tenants.alice.project}"
    token = authority.log_in(login, "secret-1", HERE).token
    admin("PATCH", f"users/{user}", user={"enabled": False})
    assert until(lambda: refuses(authority, login, "secret-1"))
    with pytest.raises(Unauthenticated):
        authority.recognize(token)


def test_who_guesses_waits_and_who_knows_does_not(authority: Authority, tenants: Tenants) -> None:
    alice, slept = tenants.alice, []
    authority._login._delays._sleep = slept.append
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            authority.log_in(alice.login, "wrong", HERE)
    assert slept == [0.25, 0.5]
    authority.log_in(tenants.bob.login, tenants.bob.password, HERE)
    authority.log_in(alice.login, alice.password, "198.51.100.7")
    assert slept == [0.25, 0.5]
    authority.log_in(alice.login, alice.password, HERE)
    assert slept == [0.25, 0.5]  # remembered from the other address
    with pytest.raises(Unauthenticated):
        authority.log_in(alice.login, "wrong", HERE)
    assert slept == [0.25, 0.5, 1]


def test_roles_decide(authority: Authority, tenants: Tenants) -> None:
    allowed = {
        "alice": {"login", "pull", "push", "delete", "catalog"},
        "rita": {"login", "pull", "catalog"},
        "adam": {"login", "pull", "push", "delete", "catalog"},
    }
    for name, expected in allowed.items():
        identity = authority.recognize(getattr(tenants, name).token())
        found = set()
        for access in ("login", "pull", "push", "delete", "catalog"):
            try:
                authority.check(identity, access)
                found.add(access)
            except Denied:
                pass
        assert found == expected


def test_nothing_secret_is_told(
    authority: Authority, tenants: Tenants, caplog: pytest.LogCaptureFixture
) -> None:
    alice, wrong = tenants.alice, "wr0ng-passw0rd"
    made = alice.application_credential()
    token = alice.token()
    caplog.set_level(logging.DEBUG)
    identity = authority.log_in(alice.login, alice.password, HERE)
    authority.log_in(f"applicationcredential-{made.id}", made.secret, HERE)
    authority.recognize(token)
    errors: list[RegistryError] = []
    for attempt in (
        lambda: authority.log_in(alice.login, wrong, HERE),
        lambda: authority.recognize(token[:-6] + "AAAAAA"),
    ):
        with pytest.raises(Unauthenticated) as raised:
            attempt()
        errors.append(raised.value)
    told = [caplog.text, repr(identity), *(repr(error) for error in errors)]
    for secret in (alice.password, wrong, made.secret, token, token[:-6], identity.token):
        assert not any(secret in text for text in told)
    assert identity.fingerprint != authority.recognize(token).fingerprint
    assert len(identity.fingerprint) == 12


def test_refused_tokens_make_no_noise(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(Unauthenticated):
        authority.recognize("gAAAAABnonsense")
    caplog.clear()
    with pytest.raises(Unauthenticated):
        authority.recognize("gAAAAABnonsense")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_neither_arguments_nor_files_of_others_are_read(
    make_authority: MakeAuthority, tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["glance-api", "--config-file", "/nowhere", "--nonsense"])
    authority = make_authority()
    assert is_alice(authority.recognize(tenants.alice.token()), tenants)
    assert cfg.CONF.keystone_authtoken.auth_type is None


def test_many_threads_may_ask_at_once(authority: Authority, tenants: Tenants) -> None:
    users = [tenants.alice, tenants.bob, tenants.carol]
    tokens = [(one.token(), one.project_id) for one in users] * 8
    with ThreadPoolExecutor(len(tokens)) as pool:
        found = pool.map(lambda pair: authority.recognize(pair[0]).project, tokens)
        assert list(found) == [project for _, project in tokens]
