"""The content of volumes, which the Engine leaves out of a commit: put into an image on top of it.

The Engine hands it out as a tarball, and builds images of other images only. So a container that
never runs takes it up, and a build copies it from that one's image to where it belongs. A container
of the result has it in a volume again: the Engine fills a new one with what the image has there.
"""

from __future__ import annotations

import io
import json
import posixpath
import re
import tarfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from .containers import Container
from .engine.client import Engine
from .engine.errors import Absent

#: What the builder expands or takes away (Dockerfile reference, "Environment replacement").
SPECIAL = re.compile(r"""([\\$'"])""")


@dataclass(frozen=True, slots=True)
class Names:
    """What is made on the way, apart from the result: a container, and images by their names."""

    container: str
    empty: str
    full: str


class Volumes:
    """The volumes of the containers of one Engine. Methods raise an EngineError."""

    def __init__(self, engine: Engine, patience: float) -> None:
        """`patience`: seconds without progress."""
        self._engine = engine
        self._patience = patience

    def fold(self, container: Container, commit: str, result: str, names: Names) -> str:
        """Make the image `result` of a container's commit and volumes; its ID.

        The images of `names` are left to the caller.
        """
        self._carry(container, names)
        text = dockerfile(commit, names.full, container.volumes)
        content = _tarball({"Dockerfile": text.encode()})
        self._engine.follow(
            "/build", timeout=self._patience, content=content, t=result, nocache=True
        )
        return str(self._engine.get(f"/images/{result}/json")["Id"])

    def drop(self, container: str) -> None:
        """Remove what carried volumes; having none is no error."""
        with suppress(Absent):
            self._engine.delete(f"/containers/{container}", force=True)

    def _carry(self, container: Container, names: Names) -> None:
        """Make the image `names.full`: the volumes in folders that are called by their numbers."""
        repository, tag = names.empty.split(":")
        folders = _tarball({str(number): None for number in range(len(container.volumes))})
        self._engine.follow(
            "/images/create",
            timeout=self._patience,
            content=folders,
            fromSrc="-",
            repo=repository,
            tag=tag,
        )
        self.drop(names.container)
        body = {"Image": names.empty, "Cmd": ["none"]}
        self._engine.post("/containers/create", body, name=names.container)
        try:
            for number, volume in enumerate(container.volumes):
                self._copy(container.id, volume, names.container, f"/{number}")
            repository, tag = names.full.split(":")
            self._engine.post(
                "/commit",
                patience=self._patience,
                container=names.container,
                repo=repository,
                tag=tag,
            )
        finally:
            self.drop(names.container)

    def _copy(self, source: str, path: str, target: str, folder: str) -> None:
        archive = f"/containers/{source}/archive"
        with self._engine.stream("GET", archive, timeout=self._patience, path=path) as content:
            self._engine.put(f"/containers/{target}/archive", content.pieces(), path=folder)


def dockerfile(commit: str, carrier: str, volumes: Sequence[str]) -> str:
    """What puts each volume into its place; the folders of `carrier` hold one each."""
    lines = [f"FROM {commit}"]
    for number, volume in enumerate(volumes):
        parent = SPECIAL.sub(r"\\\1", posixpath.join(posixpath.dirname(volume), ""))
        lines.append(f"COPY --from={carrier} {json.dumps([f'/{number}/', parent])}")
    return "\n".join(lines)


def _tarball(files: dict[str, bytes | None]) -> bytes:
    """Files by their names; None for a folder."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.mode = 0o755
            if content is None:
                member.type = tarfile.DIRTYPE
            else:
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content or b""))
    return written.getvalue()
