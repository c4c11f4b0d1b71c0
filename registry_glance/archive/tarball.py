"""The headers of a tar, one after the other: ustar, GNU's long names, pax.

The standard `tarfile` reads one header block; what follows it is read here. Its own way through an
archive takes time and memory that grow with the square of a pax header (CVE-2024-6232), recurses
from header to header, and takes a damaged header for the archive's end.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from registry_glance.archive.pax import Budget, Record, number
from registry_glance.archive.source import Source
from registry_glance.errors import ArchiveInvalid

BLOCK = tarfile.BLOCKSIZE
#: Headers of all kinds. A root file system may well have 300,000 files, each with a pax header.
HEADERS_LIMIT = 1_000_000
#: Bytes of a long name or a pax header: Go's archive/tar (so docker) takes no more either.
EXTENSION_LIMIT = 1 << 20
#: Characters of a name or of a link's target: Linux takes no more (PATH_MAX).
NAME_LIMIT = 4096

LINKS = {tarfile.LNKTYPE: "hard", tarfile.SYMTYPE: "symbolic"}
PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)


@dataclass(frozen=True, slots=True)
class Header:
    """A member of a tar.

    `size` bytes from `start` are its data as it lies in the archive; of a sparse file that is not
    what one reads. `link`: "hard" or "symbolic" to `target`, or "".
    """

    name: str
    start: int
    size: int
    is_file: bool
    is_sparse: bool
    link: str = ""
    target: str = ""


class Extension:
    """What goes before a header, and holds for it alone."""

    def __init__(self) -> None:
        self.name: str | None = None
        self.target: str | None = None
        self.size: int | None = None
        self.is_sparse = False

    def set_name(self, value: bytes) -> None:
        if self.name is not None:
            raise ArchiveInvalid("the archive gives a member two names")
        self.name = _text(value)

    def set_target(self, value: bytes) -> None:
        if self.target is not None:
            raise ArchiveInvalid("the archive gives a link two targets")
        self.target = _text(value)

    def take(self, records: Iterator[Record]) -> None:
        for key, value in records:
            if key == b"path":
                self.set_name(value)
            elif key == b"linkpath":
                self.set_target(value)
            elif key == b"size":
                self.size = number(value)
            else:
                self.is_sparse = True


def headers(source: Source) -> Iterator[Header]:
    """All members of the tar in `source`, which is read to its end.

    Whoever takes a header may read its data from the source before he asks for the next one.
    Raises ArchiveInvalid for what is no tar, is cut short, has something behind its end, names
    outside the archive or too many members.
    """
    budget = Budget()
    extension = Extension()
    is_extended = False
    for block, info in _blocks(source):
        if info.type in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, *PAX):
            _extend(extension, info, source, budget)
            is_extended = True
        elif info.type == tarfile.XGLTYPE:
            _check_global(budget.records(_extension_data(info, source, budget)))
        else:
            if info.type == tarfile.GNUTYPE_SPARSE:
                _skip_sparse_map(block, source, budget)
            header = _header(info, extension, source.position)
            yield header
            end = header.start + header.size
            source.skip(end + -end % BLOCK - source.position)
            extension, is_extended = Extension(), False
    if is_extended:
        raise ArchiveInvalid("the archive is cut short after a long name")


def is_tar(head: bytes) -> bool:
    """Whether `head`, the first block of something, is a tar's, maybe of an empty one."""
    try:
        tarfile.TarInfo.frombuf(head[:BLOCK], "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError):
        return bool(head) and not head.strip(b"\0")
    return True


def _blocks(source: Source) -> Iterator[tuple[bytes, tarfile.TarInfo]]:
    """Header blocks up to the end of the archive.

    Old writers leave out the zeros at the end, so do some of Go; all readers take that.
    """
    for _ in range(HEADERS_LIMIT):
        block = source.up_to(BLOCK)
        if not block:
            return
        if not block.strip(b"\0"):
            _check_end(block, source)
            return
        yield block, _read(block, source.position - BLOCK)
    raise ArchiveInvalid(f"more than {HEADERS_LIMIT} headers in the archive")


def _read(block: bytes, position: int) -> tarfile.TarInfo:
    if len(block) < BLOCK:
        raise ArchiveInvalid("the archive is cut short")
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError) as error:
        raise ArchiveInvalid(f"the archive is damaged at byte {position}") from error
    if info.size < 0:
        raise ArchiveInvalid("the archive has a member of a negative size")
    return info


def _check_end(block: bytes, source: Source) -> None:
    """POSIX.1-2008, pax, "ustar Interchange Format": the end are two blocks of zeros, and padding.

    What comes behind it some readers would see and others not.
    """
    if len(block) < BLOCK:
        raise ArchiveInvalid("the archive is cut short: it has no end")
    while piece := source.some(1 << 20):
        if bytes(piece).strip(b"\0"):
            raise ArchiveInvalid("something follows the end of the archive")


def _extend(extension: Extension, info: tarfile.TarInfo, source: Source, budget: Budget) -> None:
    data = _extension_data(info, source, budget)
    if info.type == tarfile.GNUTYPE_LONGNAME:
        extension.set_name(data.partition(b"\0")[0])
    elif info.type == tarfile.GNUTYPE_LONGLINK:
        extension.set_target(data.partition(b"\0")[0])
    else:
        extension.take(budget.records(data))


def _extension_data(info: tarfile.TarInfo, source: Source, budget: Budget) -> bytes:
    if info.size > EXTENSION_LIMIT:
        raise ArchiveInvalid(f"the archive has a header of {info.size} bytes")
    budget.take(info.size)
    data = b"".join(source.exactly(info.size + -info.size % BLOCK))
    return data[: info.size]


def _check_global(records: Iterator[Record]) -> None:
    """Not all readers take names and sizes from there, so nobody's should be there."""
    if next(records, None) is not None:
        raise ArchiveInvalid("the archive has a name or a size for all its members")


def _header(info: tarfile.TarInfo, extension: Extension, start: int) -> Header:
    has_data = info.isreg() or info.type not in tarfile.SUPPORTED_TYPES
    size = info.size if extension.size is None else extension.size
    name = info.name if extension.name is None else extension.name
    target = info.linkname if extension.target is None else extension.target
    if len(target) > NAME_LIMIT:
        raise ArchiveInvalid(f"the archive has a link to {len(target)} characters")
    return Header(
        name=inside(name),
        start=start,
        size=size if has_data else 0,
        is_file=info.isreg() and not name.endswith("/"),
        is_sparse=info.type == tarfile.GNUTYPE_SPARSE or extension.is_sparse,
        link=LINKS.get(info.type, ""),
        target=target,
    )


def _skip_sparse_map(block: bytes, source: Source, budget: Budget) -> None:
    """The blocks between a GNU sparse header and its data (tar.h, `struct sparse_header`)."""
    extended = block[482]
    while extended:
        budget.take(BLOCK)
        extended = b"".join(source.exactly(BLOCK))[504]


def inside(name: str) -> str:
    """The name of a member, without `.` and doubled slashes; "" is the archive's root.

    Raises ArchiveInvalid for one that is absolute or leads through `..`.
    """
    if len(name) > NAME_LIMIT:
        raise ArchiveInvalid(f"the archive has a name of {len(name)} characters: {shown(name)}")
    parts = name.split("/")
    if name.startswith("/") or ".." in parts:
        raise ArchiveInvalid(f"the archive has a member outside itself: {shown(name)}")
    return "/".join(part for part in parts if part not in ("", "."))


def shown(name: str) -> str:
    """A foreign name, fit for a message."""
    return ascii(name if len(name) <= 100 else f"{name[:100]}...")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
