"""Images of nothing but busybox, pushed with docker."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import uuid4

from tests.clients.program import Program
from tests.clients.tarballs import packed

BUSYBOX = shutil.which("busybox")


def push(docker: Program, reference: str, command: str, *changes: str) -> None:
    """Push an image that runs `command` in busybox's shell, unlike any other image.

    `changes`: further lines of a Dockerfile. The local image goes: a host shall pull its own.
    """
    assert BUSYBOX, "no busybox here"
    root = {"bin/busybox": Path(BUSYBOX).read_bytes(), "unlike": uuid4().bytes}
    lines = [f'CMD ["/bin/busybox", "sh", "-c", "{command}"]', *changes]
    options = [word for line in lines for word in ("--change", line)]
    docker("import", *options, "-", reference, stdin=packed(root))
    docker("push", reference)
    docker("image", "rm", reference)
