"""Where a user's logins are: docker's own config.json, and the helpers that it names."""

from __future__ import annotations

import json
import os
import re
import subprocess
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry_glance.client.errors import ClientError
from registry_glance.client.reference import HUB

#: What docker calls Docker Hub there.
HUB_KEY = "https://index.docker.io/v1/"
HELPER = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]*")
#: seconds; a helper may ask the user something
PATIENCE = 120
#: What a helper says for the user if the secret is a refresh token.
REFRESH = "<token>"


class CredentialsInvalid(ClientError):
    """Logins that are there, but cannot be read."""

    code = "UNAUTHORIZED"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user's name and password; or a refresh token, with which tokens are had without one."""

    username: str = ""
    password: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)


#: Answers a registry's HOST:PORT with credentials, or None. Asked when the registry asks.
Logins = Callable[[str], Credentials | None]


def from_docker(registry: str) -> Credentials | None:
    """What `docker login` has kept for this registry, and for no other one.

    Raises CredentialsInvalid; the message holds nothing of what the file says.
    """
    folder = os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker"
    config = _read(Path(folder) / "config.json")
    helper = _mapping(config.get("credHelpers")).get(registry) or config.get("credsStore")
    if helper:
        return _asked(str(helper), HUB_KEY if registry == HUB else registry)
    auths = _mapping(config.get("auths"))
    keys = [registry, f"https://{registry}", f"http://{registry}"]
    keys = [HUB_KEY, *keys] if registry == HUB else keys
    return next((_kept(auths[key]) for key in keys if key in auths), None)


def _read(path: Path) -> dict[str, Any]:
    try:
        return _mapping(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CredentialsInvalid(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise CredentialsInvalid(f"{path} is not JSON") from None


def _kept(entry: object) -> Credentials | None:
    """An entry of `auths`: the name and the password behind base64."""
    said = _mapping(entry)
    try:
        name, _, password = b64decode(str(said.get("auth") or "")).decode().partition(":")
    except ValueError:
        raise CredentialsInvalid("docker's config.json has a login that cannot be read") from None
    found = Credentials(
        str(said.get("username") or name),
        str(said.get("password") or password.rstrip("\0")),
        str(said.get("identitytoken") or ""),
    )
    return found if found.username or found.refresh else None


def _asked(helper: str, server: str) -> Credentials | None:
    """What docker-credential-HELPER has for a server."""
    if not HELPER.fullmatch(helper):
        raise CredentialsInvalid("docker's config.json names an invalid credential helper")
    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run(
            [program, "get"], input=server.encode(), capture_output=True, timeout=PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired):
        raise CredentialsInvalid(f"{program} cannot be run") from None
    if done.returncode:
        return None  # It has nothing, which helpers say in words.
    try:
        said = _mapping(json.loads(done.stdout))
    except ValueError:
        raise CredentialsInvalid(f"{program} has answered something else than JSON") from None
    name, secret = str(said.get("Username") or ""), str(said.get("Secret") or "")
    return Credentials(refresh=secret) if name == REFRESH else Credentials(name, secret)


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
