"""What the tests of the examination share."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry_glance.embedded.cloud import Cloud
from registry_glance.embedded.credentials import Credentials
from registry_glance.embedded.identity import Identity
from tests.doctor.examined import Clinic
from tests.doctor.variant import variant

NewUser = Callable[..., Credentials]


@pytest.fixture
def clinic(cloud: Cloud, tmp_path: Path) -> Clinic:
    """Examines the cloud."""
    return Clinic(cloud, tmp_path)


@pytest.fixture(scope="module")
def new_user(cloud: Cloud) -> NewUser:
    """Make a user with these roles, on a project of his own."""

    def make(*roles: str) -> Credentials:
        name = f"doctor-{secrets.token_hex(4)}"
        password = secrets.token_urlsafe(24)
        user = Credentials(cloud.auth_url, name, password, name, cloud.registry.region)
        Identity(cloud.admin).user(user, *roles)
        return user

    return make


@pytest.fixture(scope="module")
def stock(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Glance as it comes, with two threads."""
    folder = tmp_path_factory.mktemp("stock") / "glance"
    hashing = {"hashing_algorithm = sha256": ""}
    with variant(cloud, folder, hashing, stock=True, threads=2) as url:
        yield url
