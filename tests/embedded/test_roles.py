"""What the registry's own user may do in the embedded cloud: what it needs, and no more."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from uuid import uuid4

import msgpack
import pytest
import requests
from cryptography.fernet import Fernet

from registry_glance.embedded.cloud import Cloud
from registry_glance.embedded.credentials import Credentials
from registry_glance.embedded.identity import Identity

EXPIRED_FOR = 60  # seconds


@pytest.fixture(scope="module")
def stranger(cloud: Cloud) -> Credentials:
    """A member of a project of his own."""
    name = f"private-{uuid4().hex[:8]}"
    user = Credentials(cloud.auth_url, name, secrets.token_hex(8), name, cloud.registry.region)
    Identity(cloud.admin).user(user, "member")
    return user


@pytest.fixture(scope="module")
def private_row(cloud: Cloud, stranger: Credentials) -> str:
    """The address of a private row of the stranger's."""
    row = {"name": "secret", "visibility": "private"}
    headers = {"X-Auth-Token": token(stranger)}
    answer = requests.post(f"{cloud.glance_url}/v2/images", json=row, headers=headers, timeout=30)
    assert answer.status_code == 201
    return f"{cloud.glance_url}/v2/images/{answer.json()['id']}"


def token(user: Credentials) -> str:
    """A fresh token of his, for his project."""
    domain = {"name": "Default"}
    person = {"name": user.username, "password": user.password, "domain": domain}
    body = {
        "identity": {"methods": ["password"], "password": {"user": person}},
        "scope": {"project": {"name": user.project, "domain": domain}},
    }
    answer = requests.post(f"{user.auth_url}/auth/tokens", json={"auth": body}, timeout=30)
    assert answer.status_code == 201
    return answer.headers["X-Subject-Token"]


def expired(token: str, keys: Path) -> str:
    """The same token as Keystone would have made it for a time that is over."""
    newest = max(keys.iterdir(), key=lambda path: int(path.name))
    fernet = Fernet(newest.read_bytes())
    padded = token + "=" * (-len(token) % 4)
    content = msgpack.unpackb(fernet.decrypt(padded.encode()))
    times = [place for place, value in enumerate(content) if isinstance(value, float)]
    assert len(times) == 1
    now = time.time()
    content[times[0]] = now - EXPIRED_FOR
    payload = fernet.encrypt_at_time(msgpack.packb(content), int(now) - 2 * EXPIRED_FOR)
    return payload.decode().rstrip("=")


def status(url: str, user_token: str, **headers: str) -> int:
    """What a GET is answered with."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {"X-Auth-Token": user_token, **named}
    return requests.get(url, headers=sent, timeout=30).status_code


def test_glance_shows_the_registry_a_strangers_private_row(cloud: Cloud, private_row: str) -> None:
    assert status(private_row, token(cloud.registry)) == 200


def test_glance_shows_it_to_no_other_service(cloud: Cloud, private_row: str) -> None:
    name = f"service-{uuid4().hex[:8]}"
    other = Credentials(cloud.auth_url, name, secrets.token_hex(8), name, cloud.registry.region)
    Identity(cloud.admin).user(other, "member", "service")
    assert status(private_row, token(other)) == 404


def test_keystone_lets_the_registry_validate_tokens(cloud: Cloud, stranger: Credentials) -> None:
    own, his = token(cloud.registry), token(stranger)
    assert status(f"{cloud.auth_url}/auth/tokens", own, X_Subject_Token=his) == 200
    assert status(f"{cloud.auth_url}/auth/tokens", his, X_Subject_Token=own) == 403


@pytest.mark.parametrize("collection", ["users", "projects", "domains", "role_assignments"])
def test_to_keystone_the_registry_is_nobody_special(cloud: Cloud, collection: str) -> None:
    assert status(f"{cloud.auth_url}/{collection}", token(cloud.registry)) == 403


def test_the_registrys_token_vouches_for_one_that_expired(
    cloud: Cloud, stranger: Credentials, private_row: str
) -> None:
    keys = cloud.state / "keystone" / "fernet-keys"
    late = expired(token(stranger), keys)
    assert status(private_row, late) == 401
    # A voucher without the role is none, and what is no token at all is refused.
    assert status(private_row, late, X_Service_Token=token(stranger)) == 401
    assert status(private_row, late, X_Service_Token="none") == 401
    assert status(private_row, late, X_Service_Token=token(cloud.registry)) == 200
