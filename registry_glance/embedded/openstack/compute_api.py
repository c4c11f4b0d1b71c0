"""Nova's API as an admin sees it."""

from dataclasses import dataclass
from typing import Any

from keystoneauth1 import session as keystone_session
from keystoneauth1.identity import v3

from ..credentials import Credentials


@dataclass(frozen=True)
class Flavor:
    """How large a server may become: memory in MiB, disk in GiB."""

    name: str
    cpus: int
    memory: int
    disk: int


#: Those that OpenStack has always had, and two smaller ones: a container needs little.
FLAVORS = (
    Flavor("m1.nano", 1, 64, 1),
    Flavor("m1.micro", 1, 128, 1),
    Flavor("m1.tiny", 1, 512, 1),
    Flavor("m1.small", 1, 2048, 20),
    Flavor("m1.medium", 2, 4096, 40),
)


class ComputeAPI:
    """The Compute API; raises keystoneauth1's exceptions."""

    def __init__(self, admin: Credentials, url: str) -> None:
        login: dict[str, Any] = admin.as_auth()
        self._session = keystone_session.Session(auth=v3.Password(**login))
        # Whatever proxy the user has: Nova is on this machine.
        self._session.session.trust_env = False
        self._url = url

    def ensure_flavor(self, flavor: Flavor) -> None:
        """Make the flavor unless there is one of its name; an operator's own stays as it is."""
        known = self._call("GET", "flavors?is_public=none")["flavors"]
        if flavor.name in [each["name"] for each in known]:
            return
        body = {
            "name": flavor.name,
            "vcpus": flavor.cpus,
            "ram": flavor.memory,
            "disk": flavor.disk,
        }
        self._call("POST", "flavors", flavor=body)

    def has_host(self, host: str) -> bool:
        """Whether servers could be booted on a compute host now."""
        hypervisors = self._call("GET", "os-hypervisors/detail")["hypervisors"]
        return any(
            each["service"]["host"] == host and each["state"] == "up" for each in hypervisors
        )

    def _call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        answer = self._session.request(f"{self._url}/{path}", method, json=body or None)
        return answer.json() if answer.content else {}
