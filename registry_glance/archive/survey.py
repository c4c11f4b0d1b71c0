"""One pass over the bytes of anything: what it is, and what lies where in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from registry_glance.archive.compression import Bounds, Compression, compression, expanded
from registry_glance.archive.kinds import looks
from registry_glance.archive.members import DOCUMENT_LIMIT, JSON, Link, Member, Table
from registry_glance.archive.source import Source, Tally
from registry_glance.archive.tarball import BLOCK, headers, is_tar
from registry_glance.errors import ArchiveInvalid
from registry_glance.oci.digest import Digest


@dataclass(frozen=True, slots=True)
class Stretch:
    """So many bytes, and their digest."""

    size: int
    digest: Digest


@dataclass(frozen=True, slots=True)
class Survey:
    """What a pass has found.

    `whole` are the bytes themselves, `tar` what comes out of them: the same if nothing is
    compressed, and None if this is no archive but the JSON in `document`. `is_clear`: whoever reads
    `whole` finds the same in it, which Docker does not where the first name of a tar looks like a
    compression, or zeros follow the last stream of gzip. `members` and `links`
    are by name, the last of each name; there are none if they were too many for an archive of
    images (`is_crowded`). `documents` are the small JSON files among the members, `count` is the
    number of members of all kinds.
    """

    whole: Stretch
    tar: Stretch | None = None
    compression: Compression | None = None
    is_clear: bool = True
    count: int = 0
    is_crowded: bool = False
    members: Mapping[str, Member] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)
    documents: Mapping[str, bytes] = field(default_factory=dict)
    document: bytes = b""


def survey(chunks: Iterable[bytes]) -> Survey:
    """Look through `chunks` once, of any size each, holding a few MiB beside the documents.

    Raises ArchiveInvalid, as early as it is clear, for what is neither a tar, compressed or not,
    nor a small JSON document; and for archives that are damaged, cut short, too large when
    unpacked, or lead outside themselves. What `chunks` raises goes through: so one can stop it,
    and by counting in it one knows how far it has come.
    """
    whole = Tally()
    head, passing = _begun(whole.through(chunks))
    kind = compression(head)
    if kind is not None and not is_tar(head):
        tar, bounds = Tally(), Bounds(kind)
        head, passing = _begun(tar.through(expanded(passing, bounds)))
        table = _table(head, passing, f"what comes out of {kind} is ")
        found = _found(table, _stretch(whole), _stretch(tar), kind)
        return replace(found, is_clear=not bounds.is_padded)
    if JSON.match(head) and not is_tar(head):
        return Survey(_stretch(whole), document=_document(passing))
    table = _table(head, passing, "this is ")
    found = _found(table, _stretch(whole), _stretch(whole), None)
    return replace(found, is_clear=kind is None)


def _table(head: bytes, chunks: Iterator[bytes], what: str) -> Table:
    if not is_tar(head):
        raise ArchiveInvalid(f"no image can be made of this: {what}{looks(head)}")
    source = Source(chunks)
    table = Table()
    for header in headers(source):
        table.add(header, source)
    return table


def _document(chunks: Iterator[bytes]) -> bytes:
    body = Source(chunks).up_to(DOCUMENT_LIMIT + 1)
    if len(body) > DOCUMENT_LIMIT:
        raise ArchiveInvalid("no image can be made of this: it is JSON of more than 4 MiB")
    return body


def _found(table: Table, whole: Stretch, tar: Stretch, kind: Compression | None) -> Survey:
    return Survey(
        whole=whole,
        tar=tar,
        compression=kind,
        count=table.count,
        is_crowded=table.is_crowded,
        members=table.members,
        links=table.links,
        documents=table.documents,
    )


def _begun(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first block of `chunks`, or all there is, and all of `chunks`."""
    first: list[bytes] = []
    size = 0
    for chunk in chunks:
        first.append(chunk)
        size += len(chunk)
        if size >= BLOCK:
            break
    return b"".join(first)[:BLOCK], chain(first, chunks)


def _stretch(tally: Tally) -> Stretch:
    return Stretch(tally.size, tally.digest)
