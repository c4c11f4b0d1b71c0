"""Another Glance on the same database and the same files, configured otherwise."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from registry_glance.embedded import paste
from registry_glance.embedded.cloud import Cloud
from registry_glance.embedded.gunicorn import Server
from registry_glance.embedded.ports import pick_free

FILES = ("glance-api.conf", "glance-api-paste.ini", "policy.yaml")


@contextmanager
def variant(
    cloud: Cloud,
    folder: Path,
    changes: Mapping[str, str],
    *,
    stock: bool = False,
    threads: int = 8,
) -> Iterator[str]:
    """Its address. `changes`: text of glance-api.conf -> what stands there instead.

    `stock`: without our filter and our line of policy. It has one process.
    """
    folder.mkdir()
    original = cloud.state / "glance"
    for name in FILES:
        shutil.copy(original / name, folder)
    conf = folder / "glance-api.conf"
    text = conf.read_text()
    for name in FILES[1:]:
        text = text.replace(str(original / name), str(folder / name))
    for old, new in changes.items():
        assert old in text, f"glance-api.conf says nothing of {old}"
        text = text.replace(old, new)
    conf.write_text(text)
    if stock:
        (folder / FILES[1]).write_text(paste.installed())
        (folder / FILES[2]).write_text("{}\n")
    server = Server("glance", "glance.wsgi.api:application", pick_free(), 1, threads)
    environment = {"OS_GLANCE_CONFIG_DIR": str(folder)}
    process = server.process(folder, folder / "log", environment)
    process.start()
    try:
        process.wait_answering(f"{server.url}/healthcheck")
        yield server.url
    finally:
        process.stop()
