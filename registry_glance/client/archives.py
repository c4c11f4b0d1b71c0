"""Files that hold images, as a source: docker's and the OCI's archives, root file systems."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import BinaryIO, cast

from registry_glance.archive import rootfs
from registry_glance.archive.contents import Contents, Part, RootFileSystem
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
    """An archive that has been looked through."""

    origin: Reference | None = None

    def __init__(self, file: BinaryIO, platform: Platform, properties: Mapping[str, str]) -> None:
        """Read `file` twice at most, from its beginning; it holds no more than a few MiB of it.

        Of a root file system an image is made for `platform`, with the properties that
        `archive.rootfs` knows. Raises ArchiveInvalid, OSError.
        """
        self._file = file
        self._made = os.fstat(file.fileno()).st_mtime
        self._contents = contents(survey(self._chunks()))
        if self._contents.packed:
            self._contents = self._unpacked()
        if self._contents.root is not None:
            self._contents = self._image(self._contents.root, platform, properties)

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
        return self._range(part.start + start, part.start + part.size)

    def referrers(self, digest: Digest) -> Iterator[Descriptor]:
        return iter(())

    def _chunks(self) -> Iterator[bytes]:
        return self._range(0, os.fstat(self._file.fileno()).st_size)

    def _range(self, start: int, stop: int) -> Iterator[bytes]:
        """Bytes of the file, wherever others read it meanwhile."""
        while data := os.pread(self._file.fileno(), min(READ_SIZE, stop - start), start):
            start += len(data)
            yield data

    def _unpacked(self) -> Contents:
        """Take the parts out of a compressed archive: they are sent from any place in them.

        They go to a file without a name, which takes the archive's place.
        """
        found = self._contents
        # Open as long as we are: others read it at any time.
        into = cast(BinaryIO, tempfile.TemporaryFile(prefix="registry-glance-"))  # noqa: SIM115
        if found.root is not None:
            # One step only: the next one would pass over the bytes.
            _, chunks = next(unpacked(self._chunks(), [found.root.layer]))
            layer = _kept(packed(chunks), into)
            found = replace(found, root=replace(found.root, layer=layer), packed=False)
        else:
            pairs = unpacked(self._chunks(), found.parts.values())
            kept = {part.digest: _kept(chunks, into) for part, chunks in pairs}
            parts = {digest: replace(part, digest=digest) for digest, part in kept.items()}
            found = replace(found, parts=parts, packed=False)
        into.flush()
        self._file = into
        return found

    def _image(
        self, root: RootFileSystem, platform: Platform, properties: Mapping[str, str]
    ) -> Contents:
        """A root file system with a configuration and a manifest; made when the file was."""
        made = datetime.fromtimestamp(int(self._made), UTC)
        created = made.strftime("%Y-%m-%dT%H:%M:%SZ")
        return rootfs.image(root, properties, created, platform.architecture)


def _kept(chunks: Iterator[bytes], into: BinaryIO) -> Part:
    """What was appended to a file."""
    tally = Tally()
    start = into.tell()
    for data in tally.through(chunks):
        into.write(data)
    return Part(tally.digest, tally.size, start)
