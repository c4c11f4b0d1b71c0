"""What Keystone must hold before Glance and the registry can work with it."""

from typing import Any

from keystoneauth1 import session as keystone_session
from keystoneauth1.identity import v3

from .credentials import Credentials


class Identity:
    """Keystone's API as an admin sees it; each call makes sure that something is there.

    Everything may be called again and again. Raises keystoneauth1's exceptions.
    """

    def __init__(self, admin: Credentials) -> None:
        auth = v3.Password(
            admin.auth_url,
            username=admin.username,
            password=admin.password,
            project_name=admin.project,
            user_domain_name="Default",
            project_domain_name="Default",
        )
        self._session = keystone_session.Session(auth=auth)
        # Whatever proxy the user has: Keystone is on this machine.
        self._session.session.trust_env = False
        self._url = admin.auth_url

    def user(self, user: Credentials, *roles: str) -> None:
        """A user on his project with the roles; a new one gets it as his default project."""
        project = self.project(user.project)
        more = {"password": user.password, "default_project_id": project}
        person = self._ensure("users", more, name=user.username, domain_id="default")
        for name in roles:
            role = self._ensure("roles", name=name)
            self._call("PUT", f"projects/{project}/users/{person}/roles/{role}")

    def project(self, name: str) -> str:
        """A project in the domain Default; its ID."""
        return self._ensure("projects", name=name, domain_id="default")

    def service(self, name: str, kind: str, url: str, region: str) -> None:
        """A service in the catalog, with its address for everybody."""
        service = self._ensure("services", name=name, type=kind)
        for interface in ("public", "internal", "admin"):
            known = {"service_id": service, "interface": interface, "region_id": region}
            endpoint = self._ensure("endpoints", {"url": url}, **known)
            # The port may be another one than at the last start.
            self._call("PATCH", f"endpoints/{endpoint}", endpoint={"url": url})

    def _ensure(self, collection: str, more: dict[str, str] | None = None, /, **known: str) -> str:
        """Return the ID of the one object with the `known` attributes; `more` is for a new one."""
        found = self._call("GET", collection, known)[collection]
        if found:
            return str(found[0]["id"])
        kind = collection.removesuffix("s")
        created = self._call("POST", collection, **{kind: {**known, **(more or {})}})
        return str(created[kind]["id"])

    def _call(
        self, method: str, path: str, query: dict[str, str] | None = None, /, **body: Any
    ) -> dict[str, Any]:
        answer = self._session.request(
            f"{self._url}/{path}", method, params=query, json=body or None
        )
        return answer.json() if answer.content else {}
