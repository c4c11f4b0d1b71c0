"""Files that hold images, as a source: docker's and the OCI's archives, root file systems."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from registry_glance.archive import rootfs
from registry_glance.archive.contents import Contents, Document, Found, Part, RootFileSystem
from registry_glance.archive.layers import DOCKER_CONFIG
from registry_glance.archive.reading import contents
from registry_glance.archive.source import Tally
from registry_glance.archive.survey import survey
from registry_glance.archive.unpacking import packed, unpacked
from registry_glance.client.errors import Absent
from registry_glance.client.platform import Platform
from registry_glance.client.reference import Reference
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest

READ_SIZE = 1 << 20


class Archive:
    """An archive that has been looked through. Use it as a context: it may have a folder."""

    origin: Reference | None = None

    def __init__(self, file: BinaryIO, platform: Platform, properties: Mapping[str, str]) -> None:
        """Read `file` twice at most, from its beginning; it holds no more than a few MiB of it.

        Of a root file system an image is made for `platform`, with the properties that
        `archive.rootfs` knows. Raises ArchiveInvalid, OSError.
        """
        self._file = file
        self._folder: Path | None = None
        self._contents = contents(survey(self._chunks()))
        try:
            if self._contents.packed:
                self._contents = self._unpacked()
            if self._contents.root is not None:
                self._contents = self._image(self._contents.root, platform, properties)
        except BaseException:
            self.close()
            raise

    @property
    def contents(self) -> Contents:
        """What was found in it; a root file system is an image now."""
        return self._contents

    def manifest(self, digest: Digest) -> Manifest:
        document = self._contents.documents.get(digest)
        if document is None:
            raise Absent(404, "MANIFEST_UNKNOWN", f"the archive lacks {digest}")
        return Manifest.parse(document.body, document.media_type, digest.algorithm)

    def read(self, blob: Descriptor, start: int) -> Iterator[bytes]:
        document = self._contents.documents.get(blob.digest)
        part = self._contents.parts.get(blob.digest)
        if document is not None:
            return iter([document.body[start:]])
        if part is None:
            raise Absent(404, "BLOB_UNKNOWN", f"the archive lacks {blob.digest}")
        if self._folder is not None:
            return _of_file(self._folder / blob.digest.hex, start)
        return self._range(part.start + start, part.start + part.size)

    def referrers(self, digest: Digest) -> Iterator[Descriptor]:
        return iter(())

    def close(self) -> None:
        """Remove what was unpacked."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _chunks(self) -> Iterator[bytes]:
        return self._range(0, os.fstat(self._file.fileno()).st_size)

    def _range(self, start: int, stop: int) -> Iterator[bytes]:
        """Bytes of the file, wherever others read it meanwhile."""
        while data := os.pread(self._file.fileno(), min(READ_SIZE, stop - start), start):
            start += len(data)
            yield data

    def _unpacked(self) -> Contents:
        """Take the parts out of a compressed archive: they are sent from any place in them."""
        self._folder = Path(tempfile.mkdtemp(prefix="registry-glance-"))
        found = self._contents
        if found.root is not None:
            # One step only: the next one would pass over the bytes.
            _, chunks = next(unpacked(self._chunks(), [found.root.layer]))
            layer = self._kept(packed(chunks), None)
            return replace(found, root=replace(found.root, layer=layer))
        for part, chunks in unpacked(self._chunks(), found.parts.values()):
            self._kept(chunks, part.digest)
        return found

    def _kept(self, chunks: Iterator[bytes], digest: Digest | None) -> Part:
        """A file of the folder, named by its digest."""
        assert self._folder is not None
        tally = Tally()
        path = self._folder / "part"
        with path.open("wb") as file:
            for data in tally.through(chunks):
                file.write(data)
        name = digest or tally.digest
        path.rename(self._folder / name.hex)
        return Part(name, tally.size, 0)

    def _image(
        self, root: RootFileSystem, platform: Platform, properties: Mapping[str, str]
    ) -> Contents:
        """A root file system with a configuration and a manifest; made when the file was."""
        made = datetime.fromtimestamp(int(os.fstat(self._file.fileno()).st_mtime), UTC)
        created = made.strftime("%Y-%m-%dT%H:%M:%SZ")
        body = rootfs.configuration(root.diff_id, properties, created, platform.architecture)
        layer = Descriptor(root.media_type, root.layer.digest, root.layer.size)
        manifest = rootfs.manifest(body, layer)
        digest = Digest.of(manifest.body)
        documents = {Digest.of(body): Document(DOCKER_CONFIG, body), digest: manifest}
        return Contents((Found(digest),), documents, {root.layer.digest: root.layer})


def _of_file(path: Path, start: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while data := file.read(READ_SIZE):
            yield data
