"""What an instance uses: the Engine's statistics (Engine API, ContainerStats), pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from nova.compute.power_state import PAUSED, RUNNING, STATE_MAP
from nova.objects import diagnostics as objects

from .containers import Container
from .inventory import MIB
from .power import power

Stats = Mapping[str, Any]


def diagnostics(container: Container, stats: Stats, system: str) -> objects.Diagnostics:
    """What `openstack server show --diagnostics` shows since microversion 2.48.

    Nova's list of drivers has no docker, so that field stays empty; `hypervisor` says it.
    """
    found = objects.Diagnostics(
        state=STATE_MAP[power(container.status)],
        hypervisor="docker",
        hypervisor_os=system,
        uptime=_uptime(container),
        config_drive=False,
    )
    for number, time in enumerate(_cpu_times(stats)):
        found.add_cpu(id=number, time=time)
    memory = stats.get("memory_stats") or {}
    if "limit" in memory:
        found.memory_details = objects.MemoryDiagnostics(
            # Rounded up: busybox needs less than one.
            maximum=memory["limit"] // MIB,
            used=-(-memory.get("usage", 0) // MIB),
        )
    read, written = _blocks(stats, "read"), _blocks(stats, "write")
    found.add_disk(read_bytes=read, write_bytes=written)
    return found


def figures(stats: Stats) -> dict[str, int]:
    """What was shown before 2.48: names of figures are the driver's own."""
    memory = stats.get("memory_stats") or {}
    return {
        **{f"cpu{number}_time": time for number, time in enumerate(_cpu_times(stats))},
        "memory": memory.get("limit", 0) // 1024,
        "memory-actual": memory.get("usage", 0) // 1024,
        "disk_read": _blocks(stats, "read"),
        "disk_write": _blocks(stats, "write"),
        "processes": (stats.get("pids_stats") or {}).get("current", 0),
    }


def _cpu_times(stats: Stats) -> list[int]:
    """Nanoseconds of each CPU; cgroup v2 only knows the sum."""
    usage = (stats.get("cpu_stats") or {}).get("cpu_usage") or {}
    return list(usage.get("percpu_usage") or [usage.get("total_usage", 0)])


def _blocks(stats: Stats, what: str) -> int:
    entries: Iterable[Stats] = (stats.get("blkio_stats") or {}).get(
        "io_service_bytes_recursive"
    ) or ()
    return sum(entry["value"] for entry in entries if entry["op"].lower() == what)


def _uptime(container: Container) -> int:
    """Seconds since the start; 0 for a container that does not run."""
    if power(container.status) not in (RUNNING, PAUSED):
        return 0
    started = datetime.fromisoformat(container.started_at)
    return max(0, int((datetime.now(UTC) - started).total_seconds()))
