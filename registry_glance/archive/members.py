"""The files and links of an archive, as far as they may belong to images."""

from __future__ import annotations

import re
from dataclasses import dataclass

from registry_glance.archive.compression import Compression, compression
from registry_glance.archive.source import Source, Tally
from registry_glance.archive.tarball import Header
from registry_glance.oci.digest import ALGORITHMS, Digest

#: Files and links of an archive of images. One image of 127 layers, docker's limit, has 400; what
#: has more than this is a root file system, of which nobody asks where its files lie.
LIMIT = 10_000
#: Characters of all their names.
TEXT_LIMIT = 4 << 20
#: Bytes of one manifest (OCI Distribution 1.1, "Pushing Manifests") or configuration; of all.
DOCUMENT_LIMIT = 4 << 20
DOCUMENTS_LIMIT = 64 << 20
#: Where archives of images keep documents: at the top, and in a layout's blobs.
DOCUMENT = re.compile(r"[^/]+|blobs/[^/]+/[^/]+")
BLOB = re.compile(r"blobs/([^/]+)/[^/]+")
#: What makes an archive one of images: kept in any case.
MARKS = frozenset({"oci-layout", "index.json", "manifest.json"})
JSON = re.compile(rb"\s*[{\[]")
#: Bytes of a file that tell what is in it.
HEAD = 64


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its data is `size` bytes from `start` of what comes out of it.

    How it is compressed, its first bytes say. Of a sparse file the data is not what one reads.
    """

    start: int
    size: int
    digest: Digest
    compression: Compression | None
    is_sparse: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A link, hard or symbolic, and its target as it stands there."""

    is_hard: bool
    target: str


class Table:
    """Members by their names, the last of each name counts, as if they were extracted."""

    def __init__(self) -> None:
        self.count = 0
        self.is_crowded = False
        self.members: dict[str, Member] = {}
        self.links: dict[str, Link] = {}
        self.documents: dict[str, bytes] = {}
        self._document_bytes = 0
        self._text = 0

    def add(self, header: Header, source: Source) -> None:
        """Take in a member, with its data from the source if it is worth a look."""
        self.count += 1
        if not (self.is_crowded and header.name not in MARKS):
            self._forget(header.name)
            if header.is_file:
                self._add_file(header, source)
            elif header.link:
                self.links[header.name] = Link(header.link == "hard", header.target)
            self._text += len(header.name) + len(header.target)
        if len(self.members) + len(self.links) > LIMIT or self._text > TEXT_LIMIT:
            self._give_up()

    def _add_file(self, header: Header, source: Source) -> None:
        tally = Tally(_algorithm(header.name))
        head = source.up_to(min(HEAD, header.size))
        tally.update(head)
        body = self._document(header, head)
        for piece in source.exactly(header.size - len(head)):
            tally.update(piece)
            if body is not None:
                body += piece
        self.members[header.name] = Member(
            header.start, tally.size, tally.digest, compression(head), header.is_sparse
        )
        if body is not None:
            self.documents[header.name] = bytes(body)
            self._document_bytes += len(body)

    def _document(self, header: Header, head: bytes) -> bytearray | None:
        """The beginning of what may be a document, and is worth keeping."""
        room = DOCUMENTS_LIMIT - self._document_bytes
        is_small = header.size <= DOCUMENT_LIMIT and (header.name in MARKS or header.size <= room)
        if is_small and DOCUMENT.fullmatch(header.name) and JSON.match(head):
            return bytearray(head)
        return None

    def _forget(self, name: str) -> None:
        self.members.pop(name, None)
        self.links.pop(name, None)
        self._document_bytes -= len(self.documents.pop(name, b""))

    def _give_up(self) -> None:
        """There are too many; what tells images from file systems is kept."""
        self.is_crowded = True
        self._text = 0
        self.members = {name: self.members[name] for name in MARKS & self.members.keys()}
        self.documents = {name: self.documents[name] for name in MARKS & self.documents.keys()}
        self.links = {}


def _algorithm(name: str) -> str:
    """What a blob of a layout is named by, sha256 for all else."""
    match = BLOB.fullmatch(name)
    return match[1] if match and match[1] in ALGORITHMS else "sha256"
