"""The cloud's APIs as one of its users."""

from __future__ import annotations

from typing import Any

from keystoneauth1 import session
from keystoneauth1.identity import v3

from registry_glance.embedded.credentials import Credentials

#: The one at which a server is asked for without a network, and a service is set by its ID.
MICROVERSION = {"OpenStack-API-Version": "compute 2.96"}


class Session:
    """Calls with a user's token; any number of threads may make them."""

    def __init__(self, user: Credentials) -> None:
        self._session = session.Session(auth=v3.Password(**user.as_auth()))
        # Whatever proxy the machine has: the cloud is on it.
        self._session.session.trust_env = False

    def call(self, method: str, url: str, **body: object) -> Any:
        """The content of the answer. Raises keystoneauth1's exceptions."""
        answer = self._session.request(url, method, json=body or None, headers=MICROVERSION)
        return answer.json() if answer.content else {}
