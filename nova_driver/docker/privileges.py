"""What a server may do to its host: flavor -> HostConfig, pure.

Only a cloud's operator makes flavors and their extra specs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nova import exception
from oslo_utils import strutils

PRIVILEGED = "docker:privileged"


def privileges(flavor: Any) -> dict[str, Any]:
    """HostConfig (Engine API, ContainerCreate) for a flavor.

    Docker's default capabilities and nothing of the host; all of it, as root there, where the extra
    spec `docker:privileged` is true. Raises InvalidInput for what is neither true nor false.
    """
    return {"Privileged": _is_privileged(flavor.extra_specs)}


def _is_privileged(specs: Mapping[str, str]) -> bool:
    try:
        return strutils.bool_from_string(specs.get(PRIVILEGED, "false"), strict=True)
    except ValueError:
        raise exception.InvalidInput(
            reason=f"the flavor's extra spec {PRIVILEGED} is neither true nor false"
        ) from None
