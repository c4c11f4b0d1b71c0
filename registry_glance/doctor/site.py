"""The cloud, reached as the registry would reach it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import requests
from keystoneauth1 import exceptions as keystone
from keystoneauth1.session import Session

from registry_glance.config import Config
from registry_glance.doctor.finding import Trouble
from registry_glance.doctor.probes import Probes
from registry_glance.doctor.told import (
    FAILURES,
    HOW_TO_LOG_IN,
    unanswered,
    unusable,
    without_password,
)
from registry_glance.glance.cloud import Cloud, CloudInvalid, configured

#: Seconds that Keystone and Glance get for an answer.
TIMEOUT = 5.0
REFUSED = "Keystone refuses us: a wrong name, password, project or domain, or a locked user"


class Site:
    """Keystone and Glance with the registry's own settings and credentials.

    What cannot be reached, or is not set, raises Trouble. Answers are given as they come, whatever
    their status.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.probes = Probes(self)

    @cached_property
    def cloud(self) -> Cloud:
        """How the settings say that the cloud is reached."""
        try:
            return configured(self.config.cloud)
        except CloudInvalid as error:
            raise unusable(error) from error

    @cached_property
    def session(self) -> Session:
        """For all checks; it logs in when first needed."""
        return self.new_session(TIMEOUT)

    @cached_property
    def access(self) -> Any:
        """Keystone's word on the registry: a keystoneauth1 AccessInfo."""
        plugin: Any = self.session.auth
        try:
            return plugin.get_access(self.session)
        except keystone.Unauthorized as error:
            raise Trouble(REFUSED, *HOW_TO_LOG_IN) from error
        except FAILURES as error:
            raise unanswered(error, self.keystone_url, TIMEOUT) from error

    @cached_property
    def keystone_url(self) -> str:
        """Keystone's address, as it is set."""
        url = self.cloud.auth.get("auth_url")
        if not isinstance(url, str) or not url:
            raise Trouble("auth_url is not set", "cloud:", "  auth:", "    auth_url: https://...")
        return url.rstrip("/")

    @cached_property
    def glance_url(self) -> str:
        """Glance's address: the one that is set, else the catalog's."""
        url = self.cloud.endpoint or self.catalogued("image")
        if not url:
            raise Trouble("the catalog has no address of Glance")
        return url.rstrip("/")

    def endpoints(self, service: str) -> list[dict[str, Any]]:
        """The catalog's endpoints of a type of service, as Keystone sends them."""
        if not self.access.has_service_catalog():
            return []
        found: dict[str, list[dict[str, Any]]] = self.access.service_catalog.get_endpoints(service)
        return [endpoint for some in found.values() for endpoint in some]

    def catalogued(self, service: str) -> str | None:
        """The first address of a type of service in our region and interface, if there is one."""
        interface = self.cloud.interface.removesuffix("URL")
        urls = (
            str(endpoint["url"])
            for endpoint in self.endpoints(service)
            if endpoint["interface"] == interface and self.cloud.region in (None, region(endpoint))
        )
        return next(urls, None)

    def new_session(self, timeout: float) -> Session:
        """One with connections, and in time a token, of its own; `timeout` in seconds."""
        try:
            return self.cloud.session(timeout)
        except CloudInvalid as error:
            raise unusable(error) from error

    def keystone(self, path: str = "", **arguments: Any) -> requests.Response:
        """What Keystone says to a GET; `path` follows auth_url."""
        return self._request(self.session, f"{self.keystone_url}{path}", "GET", arguments)

    def glance(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """What Glance says."""
        return self._request(self.session, f"{self.glance_url}{path}", method, arguments)

    def glance_anew(self, session: Session) -> requests.Response:
        """What Glance says by another session to whoever asks for its versions."""
        return self._request(session, f"{self.glance_url}/", "GET", {"authenticated": False})

    @staticmethod
    def _request(
        session: Session, url: str, method: str, arguments: dict[str, Any]
    ) -> requests.Response:
        try:
            answer: requests.Response = session.request(url, method, raise_exc=False, **arguments)
        except FAILURES as error:
            raise unanswered(error, url, session.timeout or TIMEOUT) from error
        return answer


def document(answer: requests.Response, service: str) -> dict[str, Any]:
    """The JSON object of an answer, whatever its status. Raises Trouble for anything else."""
    try:
        content = answer.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        place = without_password(answer.url)
        raise Trouble(f"{place}: not {service} that answers there ({answer.status_code})")
    return content


def region(endpoint: Mapping[str, Any]) -> str:
    """The region of an endpoint in the catalog."""
    return str(endpoint.get("region_id") or endpoint.get("region"))
