"""Users of the cloud: who they are to Keystone and to the registry, what they do in Glance."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from registry_glance.embedded.cloud import Cloud
from registry_glance.embedded.credentials import Credentials
from registry_glance.embedded.identity import Identity
from registry_glance.glance import cloud as clouds
from registry_glance.glance.client import Glance, Row


@dataclass(frozen=True)
class ApplicationCredential:
    """What `openstack application credential create` prints."""

    id: str
    secret: str = field(repr=False)
    name: str


@dataclass(frozen=True)
class Tenant:
    """A user on one project; both live in the domain Default."""

    credentials: Credentials
    project_id: str

    @property
    def user(self) -> str:
        """His name, to Keystone."""
        return self.credentials.username

    @property
    def password(self) -> str:
        return self.credentials.password

    @property
    def project(self) -> str:
        """The project's name."""
        return self.credentials.project

    @property
    def login(self) -> str:
        """The user's name for `docker login`, with all its parts."""
        return f"{self.user}@Default/{self.project}@Default"

    def token(self) -> str:
        """A fresh token for his project."""
        return token(self.credentials)

    def glance(self) -> Glance:
        """Glance, as he sees it."""
        user = self.credentials
        return Glance(clouds.Cloud(auth=user.as_auth(), region=user.region))

    def application_credential(
        self,
        *,
        roles: Sequence[str] | None = None,
        rules: Sequence[dict[str, str]] | None = None,
        expires: datetime | None = None,
    ) -> ApplicationCredential:
        """`application credential create [--role ...] [--access-rules ...] [--expiration ...]`."""
        wanted: dict[str, Any] = {"name": f"for-docker-{uuid4().hex[:8]}"}
        if roles is not None:
            wanted["roles"] = [{"name": role} for role in roles]
        if rules is not None:
            wanted["access_rules"] = list(rules)
        if expires is not None:
            wanted["expires_at"] = expires.strftime("%Y-%m-%dT%H:%M:%S.%f")
        session = _session(self.credentials)
        url = f"{self.credentials.auth_url}/users/{session.get_user_id()}/application_credentials"
        made = session.post(url, json={"application_credential": wanted}).json()
        made = made["application_credential"]
        return ApplicationCredential(made["id"], made["secret"], made["name"])

    def image(self, name: str) -> str:
        """The ID of his project's row of this name, as `image show` would find it."""
        rows = [row for row in self.glance().named(name) if row["owner"] == self.project_id]
        assert len(rows) == 1, f"{len(rows)} rows are named {name}"
        return str(rows[0]["id"])

    def set_visibility(self, image: str, visibility: str) -> Row:
        """`image set --public`, which is for admins, `--community`, `--shared`, `--private`."""
        return self.glance().update(image, {"visibility": visibility})

    def protect(self, image: str, *, protected: bool = True) -> Row:
        """`image set --protected` or `--unprotected`."""
        return self.glance().update(image, {"protected": protected})

    def share(self, image: str, other: Tenant) -> None:
        """`image add project`: the other's project may see the image, and may accept it."""
        self.glance().add_member(image, other.project_id)

    def accept(self, image: str, status: str = "accepted") -> None:
        """`image set --accept`, or `--reject`, for his own project."""
        _session(self.credentials).put(
            f"/v2/images/{image}/members/{self.project_id}",
            json={"status": status},
            endpoint_filter={"service_type": "image"},
        )


@dataclass(frozen=True)
class Tenants:
    """Three projects, and who is what in them.

    project | members     | others
    --------|-------------|-------------------------------------------
    alpha   | alice       | rita: reader; adam: admin; nobody: no role
    beta    | bob         | carol_in_beta: reader
    gamma   | carol       |
    """

    alice: Tenant
    rita: Tenant
    adam: Tenant
    nobody: Tenant
    bob: Tenant
    carol_in_beta: Tenant
    carol: Tenant


def settle(cloud: Cloud) -> Tenants:
    """Make them all, with names that nobody else has."""
    suffix = uuid4().hex[:8]
    identity = Identity(cloud.admin)
    passwords: dict[str, str] = {}

    def tenant(name: str, project: str, *roles: str) -> Tenant:
        user = Credentials(
            cloud.auth_url,
            f"{name}-{suffix}",
            passwords.setdefault(name, secrets.token_hex(8)),
            f"{project}-{suffix}",
            cloud.registry.region,
        )
        identity.user(user, *roles)
        return Tenant(user, identity.project(user.project))

    return Tenants(
        alice=tenant("alice", "alpha", "member"),
        rita=tenant("rita", "alpha", "reader"),
        adam=tenant("adam", "alpha", "admin"),
        nobody=tenant("nobody", "alpha"),
        bob=tenant("bob", "beta", "member"),
        carol=tenant("carol", "gamma", "member"),
        carol_in_beta=tenant("carol", "beta", "reader"),
    )


def token(user: Credentials) -> str:
    """A fresh token of a user for his project."""
    return str(_session(user).get_token())


def _session(user: Credentials) -> Session:
    session = Session(auth=v3.Password(**user.as_auth()))
    # Whatever proxy the machine has: Keystone is on it.
    session.session.trust_env = False
    return session
