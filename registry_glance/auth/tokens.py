"""Tokens, checked by OpenStack's own middleware for that (keystonemiddleware.auth_token).

It is a WSGI filter. It gets a request that says nothing but the token, and in front of an
application that takes down what the filter found out. Its answer is a status: 401 is a token that
Keystone does not know, 503 a Keystone that cannot be asked.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from keystoneauth1 import loading
from keystoneauth1.exceptions import AuthPluginException, ClientException
from keystonemiddleware.auth_token import AuthProtocol
from oslo_config import cfg

from registry_glance.auth.identity import Identity
from registry_glance.auth.recent import Recent
from registry_glance.config import Access
from registry_glance.errors import Unauthenticated, Unavailable
from registry_glance.glance.cloud import Cloud, CloudInvalid

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

#: Bytes: it has to fit into the longest header that servers usually take, with the header's name.
LIMIT = 8000
#: Seconds for one request to Keystone.
TIMEOUT = 15

GROUP = "keystone_authtoken"
LOGGER = "keystonemiddleware.auth_token"
#: Where the middleware looks for its cache and puts its findings, in WSGI's environ.
CACHE, FINDINGS = "registry_glance.recent_tokens", "keystone.token_info"

# It warns of each token that is refused, with what Keystone says; errors are those of Keystone.
logging.getLogger(LOGGER).setLevel(logging.ERROR)


class Tokens:
    """Says whose a token is. For any number of threads, but of one process.

    What Keystone says is believed for `access.cache_time` seconds, and never beyond a token's end.
    """

    def __init__(self, access: Access, cloud: Cloud) -> None:
        """Asks nobody anything yet. Raises CloudInvalid for settings that can't be used."""
        self._recent = Recent()
        try:
            self._check = AuthProtocol(_accept, _settings(access, cloud))
        except (AuthPluginException, cfg.Error, TypeError) as error:
            raise CloudInvalid(f"unusable credentials: {error}") from error

    def __call__(self, token: str) -> Identity:
        """The token's bearer. Raises Unauthenticated, or Unavailable if Keystone can't be asked.

        A token without a project is of no use here, and is refused.
        """
        if not (0 < len(token) <= LIMIT and token.isascii() and token.isprintable()):
            raise Unauthenticated()
        environ = _request(token, self._recent)
        status = self._ask(environ)
        if status == 401:
            raise Unauthenticated()
        if status != 200:
            raise Unavailable("Keystone cannot be asked about a token")
        return _identity(token, environ[FINDINGS]["token"])

    def _ask(self, environ: WSGIEnvironment) -> int:
        """The status of the middleware's answer."""
        statuses: list[int] = []

        def start_response(status: str, *_: Any) -> Any:
            statuses.append(int(status[:3]))

        try:
            self._check(environ, start_response)
        except ClientException as error:
            raise Unavailable(f"Keystone cannot be asked: {type(error).__name__}") from error
        return statuses[0]


def _accept(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The application behind the middleware."""
    start_response("200 OK", [])
    return []


def _request(token: str, recent: Recent) -> WSGIEnvironment:
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "SERVER_NAME": "registry",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "HTTP_X_AUTH_TOKEN": token,
        CACHE: recent,
    }


def _identity(token: str, found: Mapping[str, Any]) -> Identity:
    """Whom Keystone describes (Identity API v3, "Validate and show information for token")."""
    if "project" not in found:
        raise Unauthenticated()
    return Identity(
        token=token,
        project=found["project"]["id"],
        user=found["user"]["id"],
        roles=frozenset(role["name"] for role in found["roles"]),
        issued=datetime.fromisoformat(found["issued_at"]),
        expires=datetime.fromisoformat(found["expires_at"]),
    )


def _settings(access: Access, cloud: Cloud) -> dict[str, Any]:
    """The middleware's settings (keystonemiddleware, "auth_token Configuration")."""
    return {
        "oslo_config_config": _credentials(cloud),
        "auth_type": cloud.auth_type,
        "www_authenticate_uri": cloud.auth.get("auth_url"),
        "interface": cloud.interface,
        "region_name": cloud.region,
        "cafile": cloud.verify if isinstance(cloud.verify, str) else None,
        "insecure": cloud.verify is False,
        "http_connect_timeout": TIMEOUT,
        "http_request_max_retries": 1,
        "include_service_catalog": False,
        "service_token_roles_required": True,
        "token_cache_time": access.cache_time,
        **(_shared_cache(access.memcached, cloud) if access.memcached else {"cache": CACHE}),
    }


def _shared_cache(servers: Iterable[str], cloud: Cloud) -> dict[str, Any]:
    """A cache that replicas share: who has not their credentials can neither read nor forge it."""
    if not (find_spec("memcache") and find_spec("cryptography")):
        raise CloudInvalid("access.memcached needs pip install 'registry-glance[memcached]'")
    secrets = json.dumps(dict(cloud.auth), sort_keys=True, default=str).encode()
    return {
        "memcached_servers": ",".join(servers),
        "memcache_security_strategy": "ENCRYPT",
        "memcache_secret_key": hmac.digest(secrets, b"registry-glance tokens", "sha256").hex(),
    }


def _credentials(cloud: Cloud) -> cfg.ConfigOpts:
    """The registry's own credentials, in a configuration that knows of no file and no argument."""
    conf = cfg.ConfigOpts()
    conf(args=[], project="registry-glance", default_config_files=[], default_config_dirs=[])
    conf.register_opts(loading.get_auth_plugin_conf_options(cloud.auth_type), group=GROUP)
    for name, value in cloud.auth.items():
        conf.set_override(name, value, group=GROUP)
    return conf
