"""What the numbers were taken on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

#: Python packages and programs whose versions matter.
PACKAGES = ("glance", "keystone", "gunicorn", "flask", "python-glanceclient")
PROGRAMS = (("docker-registry", "--version"), ("dockerd", "--version"), ("wrk", "-v"))
#: Cores that everything runs on.
CORES = 2


def use_cores() -> None:
    """Keep this process, and all it starts, on two cores."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def describe() -> dict[str, str]:
    """The machine, how busy others keep it, and the versions."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": _field(Path("/proc/cpuinfo"), "model name"),
        "cores": f"{len(os.sched_getaffinity(0))} of {os.cpu_count()}",
        "memory": f"{int(_field(Path('/proc/meminfo'), 'MemTotal').split()[0]) / 2**20:.0f} GiB",
        "kernel": platform.release(),
        "busy before the start": f"{busy():.0%}",
        "Python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in PACKAGES},
        **{name: _said(name, option) for name, option in PROGRAMS},
    }


def busy(interval: float = 2.0) -> float:
    """Share of all cores' time that is in use, measured for so many seconds."""
    before = _ticks()
    time.sleep(interval)
    used, total = (after - first for after, first in zip(_ticks(), before, strict=True))
    return used / total


def _ticks() -> tuple[int, int]:
    numbers = [int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    total = sum(numbers)
    return total - numbers[3] - numbers[4], total


def _field(path: Path, name: str) -> str:
    lines = (line.partition(":") for line in path.read_text().splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "unknown")


def _said(program: str, option: str) -> str:
    try:
        done = subprocess.run([program, option], capture_output=True, text=True, timeout=10)
    except OSError:
        return "not installed"
    return (done.stdout or done.stderr).splitlines()[0].strip()
