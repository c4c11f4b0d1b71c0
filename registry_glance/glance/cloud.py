"""A cloud's credentials, as OpenStack's tools keep them, made a keystoneauth session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml
from keystoneauth1 import loading
from keystoneauth1.exceptions import AuthPluginException
from keystoneauth1.session import Session, TCPKeepAliveAdapter

from registry_glance.config import Cloud as Settings
from registry_glance.errors import RegistryError

#: Where os-client-config looks for clouds.yaml.
PLACES = (Path("."), Path("~/.config/openstack"), Path("/etc/openstack"))

#: Connections to Glance and Keystone kept open by one process.
CONNECTIONS = 64


class CloudInvalid(RegistryError):
    """Credentials that are missing or cannot be read; the message says which."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """How to reach one OpenStack cloud. `verify` is a boolean or the path of a CA bundle."""

    auth: Mapping[str, Any]
    auth_type: str = "password"
    region: str | None = None
    interface: str = "public"
    verify: bool | str = True
    endpoint: str | None = None

    def session(self, timeout: float) -> Session:
        """A session that logs in when first used. Raises CloudInvalid for unusable settings."""
        try:
            loader: Any = loading.get_plugin_loader(self.auth_type)
            plugin = loader.load_from_options(**self.auth)
        except (AuthPluginException, TypeError) as error:
            raise CloudInvalid(f"unusable credentials: {error}") from error
        transport = requests.Session()
        for scheme in ("http://", "https://"):
            transport.mount(
                scheme, TCPKeepAliveAdapter(pool_connections=4, pool_maxsize=CONNECTIONS)
            )
        return Session(auth=plugin, session=transport, verify=self.verify, timeout=timeout)


def configured(settings: Settings) -> Cloud:
    """The cloud of the settings: their own credentials, or a cloud of clouds.yaml.

    Raises CloudInvalid.
    """
    if not settings.auth:
        return from_clouds_yaml(settings.name, settings.config_file)
    return Cloud(
        auth=settings.auth,
        auth_type=settings.auth_type,
        region=settings.region,
        interface=settings.interface,
        verify=settings.cacert or settings.verify,
    )


def from_clouds_yaml(name: str | None, file: str | None) -> Cloud:
    """The cloud `name` of clouds.yaml, looked for in the usual places. Raises CloudInvalid."""
    path = Path(file) if file else _find("clouds.yaml")
    if name is None or path is None:
        raise CloudInvalid("no cloud is set: neither in config.yml nor by OS_* variables")
    clouds = _clouds(path)
    if name not in clouds:
        raise CloudInvalid(f"{path} has no cloud {name!r}")
    entry = clouds[name]
    secure = _find_beside(path, "secure.yaml")
    secret = _clouds(secure).get(name, {}) if secure else {}
    return Cloud(
        auth={**entry.get("auth", {}), **secret.get("auth", {})},
        auth_type=entry.get("auth_type", "password"),
        region=entry.get("region_name"),
        interface=entry.get("interface", "public"),
        verify=entry.get("cacert") or entry.get("verify", True),
        endpoint=entry.get("image_endpoint_override"),
    )


def _find(name: str) -> Path | None:
    places = (place.expanduser() / name for place in PLACES)
    return next((path for path in places if path.is_file()), None)


def _find_beside(path: Path, name: str) -> Path | None:
    beside = path.with_name(name)
    return beside if beside.is_file() else None


def _clouds(path: Path) -> dict[str, dict[str, Any]]:
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise CloudInvalid(f"cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        # What the parser says of it may be a part of a password.
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise CloudInvalid(f"{place}: not YAML") from None
    clouds = content.get("clouds") if isinstance(content, dict) else None
    if not isinstance(clouds, dict):
        raise CloudInvalid(f"{path} has no clouds")
    return clouds
