"""What users may do in the embedded cloud: the registry's own what it needs, and no more."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from registry_glance.embedded.cloud import Cloud
from registry_glance.embedded.credentials import Credentials
from registry_glance.embedded.identity import Identity
from tests.tenants import Tenant, Tenants, token

fernet = pytest.importorskip("cryptography.fernet")
msgpack = pytest.importorskip("msgpack")

EXPIRED_FOR = 60  # seconds


@pytest.fixture(scope="module")
def stranger(tenants: Tenants) -> Tenant:
    """To the registry's project."""
    return tenants.alice


@pytest.fixture(scope="module")
def private_row(cloud: Cloud, stranger: Tenant) -> str:
    """The address of a private row of the stranger's."""
    row = stranger.glance().create({"id": str(uuid4()), "name": "hers", "visibility": "private"})
    return f"{cloud.glance_url}/v2/images/{row['id']}"


def expired(token: str, keys: Path) -> str:
    """The same token as Keystone would have made it for a time that is over."""
    newest = max(keys.iterdir(), key=lambda path: int(path.name))
    cipher = fernet.Fernet(newest.read_bytes())
    padded = token + "=" * (-len(token) % 4)
    content = msgpack.unpackb(cipher.decrypt(padded.encode()))
    times = [place for place, value in enumerate(content) if isinstance(value, float)]
    assert len(times) == 1
    now = time.time()
    content[times[0]] = now - EXPIRED_FOR
    payload = cipher.encrypt_at_time(msgpack.packb(content), int(now) - 2 * EXPIRED_FOR)
    return str(payload.decode().rstrip("="))


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


def test_keystone_lets_the_registry_validate_tokens(cloud: Cloud, stranger: Tenant) -> None:
    own, hers = token(cloud.registry), stranger.token()
    assert status(f"{cloud.auth_url}/auth/tokens", own, X_Subject_Token=hers) == 200
    assert status(f"{cloud.auth_url}/auth/tokens", hers, X_Subject_Token=own) == 403


@pytest.mark.parametrize("collection", ["users", "projects", "domains", "role_assignments"])
def test_to_keystone_the_registry_is_nobody_special(cloud: Cloud, collection: str) -> None:
    assert status(f"{cloud.auth_url}/{collection}", token(cloud.registry)) == 403


def test_the_registrys_token_vouches_for_one_that_expired(
    cloud: Cloud, stranger: Tenant, private_row: str
) -> None:
    late = expired(stranger.token(), cloud.state / "keystone" / "fernet-keys")
    assert status(private_row, late) == 401
    # A voucher without the role is none, and what is no token at all is refused.
    assert status(private_row, late, X_Service_Token=stranger.token()) == 401
    assert status(private_row, late, X_Service_Token="none") == 401
    assert status(private_row, late, X_Service_Token=token(cloud.registry)) == 200
