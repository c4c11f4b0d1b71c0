"""How much of the host a flavor gives to its server: flavor -> HostConfig, pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nova import exception

MIB = 1 << 20
#: µs; the kernel's usual period
PERIOD = 100_000
#: What a container without shares has, and so what one virtual CPU is worth.
SHARES = 1024

PIDS_LIMIT = "docker:pids_limit"


def limits(flavor: Any, pids_limit: int, *, limits_disk: bool) -> dict[str, Any]:
    """HostConfig (Engine API, ContainerCreate) for a flavor.

    The extra specs `quota:cpu_quota`, `quota:cpu_period` (µs), `quota:cpu_shares` and
    `docker:pids_limit` go before what follows from the number of CPUs. Raises InvalidInput.
    """
    specs = flavor.extra_specs
    period = _number(specs, "quota:cpu_period", PERIOD)
    memory = flavor.memory_mb * MIB
    given = {
        "Memory": memory,
        # Memory and swap together: no more than the flavor's swap.
        "MemorySwap": memory + flavor.swap * MIB,
        "CpuPeriod": period,
        "CpuQuota": _number(specs, "quota:cpu_quota", flavor.vcpus * period),
        "CpuShares": _number(specs, "quota:cpu_shares", flavor.vcpus * SHARES),
        "PidsLimit": _number(specs, PIDS_LIMIT, pids_limit),
    }
    if limits_disk and flavor.root_gb:
        given["StorageOpt"] = {"size": f"{flavor.root_gb}G"}
    return given


def is_smaller(new: int, old: int) -> bool:
    """Whether a flavor's disk is smaller than another's; in GiB, 0 for one without a limit."""
    return new != 0 and (old == 0 or new < old)


def can_limit_disk(info: Mapping[str, Any], mounts: str) -> bool:
    """Whether `storage-opt size` works with this Engine.

    `info`: GET /info; `mounts`: /proc/mounts of its host. The driver overlay2 needs XFS with
    project quotas (dockerd, "Storage driver options").
    """
    if info["Driver"] in ("btrfs", "zfs"):
        return True
    return info["Driver"] == "overlay2" and _has_project_quota(info["DockerRootDir"], mounts)


def _has_project_quota(folder: str, mounts: str) -> bool:
    """Whether the file system below `folder` is XFS with project quotas."""
    # Of two mounts on one point the later one is seen.
    lines = (line.split() for line in reversed(mounts.splitlines()))
    holding = (fields for fields in lines if _holds(fields[1], folder))
    found = max(holding, key=lambda fields: len(fields[1]), default=None)
    if found is None or found[2] != "xfs":
        return False
    return not {"prjquota", "pquota"}.isdisjoint(found[3].split(","))


def _holds(point: str, folder: str) -> bool:
    return f"{folder}/".startswith(f"{point.rstrip('/')}/")


def _number(specs: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(specs.get(name, default))
    except ValueError:
        raise exception.InvalidInput(
            reason=f"the flavor's extra spec {name} is no number"
        ) from None
