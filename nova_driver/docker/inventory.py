"""What this host has, as Nova and Placement want to know it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import os_resource_classes as orc
from nova.objects import fields

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk below the Engine's data root, in bytes."""

    total: int
    free: int

    @staticmethod
    def below(folder: str) -> Disk:
        """The disk that holds `folder`. Raises OSError where that is not seen from here."""
        seen = os.statvfs(folder)
        return Disk(seen.f_blocks * seen.f_frsize, seen.f_bavail * seen.f_frsize)


def resources(info: Mapping[str, Any], disk: Disk) -> dict[str, Any]:
    """What ComputeDriver.get_available_resource returns, without the host's name.

    `info`: GET /info. What is used of CPUs and memory Nova counts itself, by the flavors.
    """
    architecture = fields.Architecture.canonicalize(info["Architecture"])
    return {
        "vcpus": info["NCPU"],
        "vcpus_used": 0,
        "memory_mb": info["MemTotal"] // MIB,
        "memory_mb_used": 0,
        "local_gb": disk.total // GIB,
        "local_gb_used": (disk.total - disk.free) // GIB,
        "disk_available_least": disk.free // GIB,
        "hypervisor_type": fields.HVType.DOCKER,
        "hypervisor_version": version(info["ServerVersion"]),
        "cpu_info": "",
        "numa_topology": None,
        "supported_instances": [(architecture, fields.HVType.DOCKER, fields.VMMode.EXE)],
    }


def inventory(
    info: Mapping[str, Any],
    disk: Disk,
    ratios: Mapping[str, float],
    reserved: Mapping[str, int],
) -> dict[str, dict[str, Any]]:
    """Resource class -> inventory of Placement. `ratios`, `reserved`: by resource class."""
    totals = {
        orc.VCPU: info["NCPU"],
        orc.MEMORY_MB: info["MemTotal"] // MIB,
        orc.DISK_GB: disk.total // GIB,
    }
    return {
        name: {
            "total": total,
            "min_unit": 1,
            "max_unit": total,
            "step_size": 1,
            "allocation_ratio": ratios[name],
            "reserved": reserved[name],
        }
        for name, total in totals.items()
        if total
    }


def version(text: str) -> int:
    """`20.10.24+dfsg1` as Nova writes versions: 20010024. What is no number counts as 0."""
    numbers = [int(number) for number in re.findall(r"\d+", text)[:3]]
    major, minor, patch = [*numbers, 0, 0, 0][:3]
    return major * 1_000_000 + minor * 1_000 + patch
