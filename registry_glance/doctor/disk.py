"""Room for the spool and the cache."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from registry_glance.config import MIB
from registry_glance.doctor.finding import Finding, fail, ok, warn
from registry_glance.doctor.site import Site


def disk(site: Site) -> Finding:
    """The state folder can be written, and holds what the settings allow the registry to keep."""
    config, state = site.config, site.config.state
    place = existing(state)
    if (reason := unwritable(place)) is not None:
        return fail(
            f"{state}: {reason}",
            f"install -d -m 0700 -o REGISTRY_USER {state}",
            "or: state: /path/of/a/folder/of/its/own",
        )
    free = shutil.disk_usage(place).free + used(state)
    wanted = config.spool.size + config.cache.size
    if free < config.glance.piece_size:
        return fail(f"{state}: {mib(free)} free, less than one piece", *smaller(free))
    if free < wanted:
        return warn(
            f"{state}: {mib(free)} free, spool and cache may want {mib(wanted)}", *smaller(free)
        )
    return ok(f"{state}: {mib(free)} free, spool and cache want {mib(wanted)} at most")


def existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    path = path.absolute()
    return next(place for place in (path, *path.parents) if place.exists())


def unwritable(folder: Path) -> str | None:
    """Why no file can be made in it; None if one can. Leaves none behind."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"registry-glance")
    except OSError as error:
        return error.strerror or type(error).__name__
    return None


def used(state: Path) -> int:
    """Bytes on the disk that the registry's own files take."""
    return sum(_sizes(state))


def smaller(free: int) -> tuple[str, ...]:
    """Settings that fit into `free` bytes, with some room left."""
    cache, spool = free * 6 // 10 // MIB, free * 3 // 10 // MIB
    return ("more room, or:", f"cache: {{size: {cache}MiB}}", f"spool: {{size: {spool}MiB}}")


def mib(count: int) -> str:
    """Bytes as MiB, such as config.yml takes."""
    return f"{count // MIB}MiB"


def _sizes(state: Path) -> Iterator[int]:
    for folder, _, names in os.walk(state):
        for name in names:
            try:
                found = os.lstat(os.path.join(folder, name))
            except OSError:
                continue  # dropped from the cache meanwhile, or not ours to see
            yield found.st_blocks * 512
