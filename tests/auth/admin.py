"""Keystone's admin, who makes and unmakes what tests need."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from registry_glance.embedded.cloud import Cloud


class Admin:
    """Keystone's API; each call raises keystoneauth's exceptions."""

    def __init__(self, cloud: Cloud) -> None:
        self.url = cloud.auth_url
        self._session = _session(v3.Password(**cloud.admin.as_auth()))

    def __call__(self, method: str, path: str, /, **body: Any) -> Any:
        answer = self._session.request(f"{self.url}/{path}", method, json=body or None)
        return answer.json() if answer.content else None

    def domain(self) -> tuple[str, str]:
        """ID and name of a new domain."""
        made = self("POST", "domains", domain={"name": fresh("domain")})["domain"]
        return made["id"], made["name"]

    def project(self, name: str, domain: str = "default") -> str:
        """The ID of a new project."""
        return str(
            self("POST", "projects", project={"name": name, "domain_id": domain})["project"]["id"]
        )

    def user(self, name: str, password: str, domain: str = "default", **more: Any) -> str:
        """The ID of a new user."""
        wanted = {"name": name, "password": password, "domain_id": domain, **more}
        return str(self("POST", "users", user=wanted)["user"]["id"])

    def assign(self, role: str, user: str, place: str) -> None:
        """Give a user a role on `projects/ID` or `domains/ID`."""
        found = self("GET", f"roles?name={role}")["roles"][0]["id"]
        self("PUT", f"{place}/users/{user}/roles/{found}")

    def revoke(self, token: str) -> None:
        """`openstack token revoke`."""
        headers = {"X-Subject-Token": token}
        self._session.delete(f"{self.url}/auth/tokens", headers=headers)

    def scoped(self, auth: v3.Password) -> str:
        """A token for whatever scope `auth` asks for."""
        return str(_session(auth).get_token())

    def application_credential(self, user: str, password: str, project: str) -> dict[str, str]:
        """What a user of the domain Default makes for himself: `id` and `secret`."""
        default = {"user_domain_id": "default", "project_domain_id": "default"}
        session = _session(
            v3.Password(self.url, username=user, password=password, project_name=project, **default)
        )
        place = f"{self.url}/users/{session.get_user_id()}/application_credentials"
        body = {"application_credential": {"name": fresh("own")}}
        made = session.post(place, json=body).json()["application_credential"]
        return {"id": made["id"], "secret": made["secret"]}


def _session(auth: v3.Password) -> Session:
    session = Session(auth=auth)
    # Whatever proxy the machine has: Keystone is on it.
    session.session.trust_env = False
    return session


def fresh(prefix: str) -> str:
    """A name that nobody else has."""
    return f"{prefix}-{uuid4().hex[:8]}"
