"""Settings that podman and skopeo share, kept away from the user's own."""

from __future__ import annotations

from pathlib import Path


def containers_settings(folder: Path, registry: str) -> dict[str, str]:
    """The variables with which they reach `registry` without TLS, and keep logins in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    registries = folder / "registries.conf"
    registries.write_text(f'[[registry]]\nlocation = "{registry}"\ninsecure = true\n')
    logins = folder / "auth.json"
    logins.write_text("{}")
    return {
        "CONTAINERS_REGISTRIES_CONF": str(registries),
        "REGISTRY_AUTH_FILE": str(logins),
    }
