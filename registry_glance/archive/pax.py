"""Pax headers (POSIX.1-2008, pax, "pax Extended Header"): what of them says where a member lies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from registry_glance.errors import ArchiveInvalid

#: Digits of a number in a pax header; 19 hold any size.
NUMBER_LIMIT = 19
#: What begins the records that count; all others are passed over.
KEYS = (b"path=", b"linkpath=", b"size=", b"GNU.sparse.")
#: Bytes of headers before headers, and records in them, of one archive: 300,000 files with a long
#: name and a dozen records each have less. A million records are half a second's work.
BYTES_LIMIT = 256 << 20
RECORDS_LIMIT = 5_000_000
NEWLINE = ord("\n")


class Record(NamedTuple):
    """One line of a pax header."""

    key: bytes
    value: bytes


class Budget:
    """What the headers before headers of one archive may cost."""

    def __init__(self) -> None:
        self._bytes = self._records = 0

    def take(self, size: int) -> None:
        """Raise ArchiveInvalid if `size` bytes more are too many."""
        self._bytes += size
        if self._bytes > BYTES_LIMIT:
            raise ArchiveInvalid(f"more than {BYTES_LIMIT >> 20} MiB of headers before headers")

    def records(self, data: bytes) -> Iterator[Record]:
        """The records of a pax header that count: `LENGTH KEY=VALUE`, each of LENGTH bytes.

        All of them are looked at. Raises ArchiveInvalid if one is damaged, or there are too many.
        """
        start, end = 0, len(data)
        while start < end:
            self._records += 1
            if self._records > RECORDS_LIMIT:
                raise ArchiveInvalid(f"more than {RECORDS_LIMIT} pax records in the archive")
            space = data.find(b" ", start, start + NUMBER_LIMIT + 1)
            digits = data[start:space]
            # Nothing else than digits: `int` takes signs, blanks and underscores, too.
            stop = start + int(digits) if space > start and digits.isdigit() else start
            if not space + 2 < stop <= end or data[stop - 1] != NEWLINE:
                raise damaged()
            equals = data.find(b"=", space, stop)
            if equals < 0:
                raise damaged()
            if data.startswith(KEYS, space + 1):
                yield Record(data[space + 1 : equals], data[equals + 1 : stop - 1])
            start = stop


def number(digits: bytes) -> int:
    """A size. Raises ArchiveInvalid."""
    if not digits.isdigit() or len(digits) > NUMBER_LIMIT:
        raise damaged()
    return int(digits)


def damaged() -> ArchiveInvalid:
    return ArchiveInvalid("the archive has a damaged pax header")
