"""Compressed streams: known by their first bytes, expanded within bounds."""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Protocol

import zstandard

from registry_glance.errors import ArchiveInvalid


class Compression(StrEnum):
    """What may be around a tar."""

    GZIP = "gzip"
    XZ = "xz"
    BZIP2 = "bzip2"
    ZSTD = "zstd"


#: RFC 1952 section 2.3.1, the .xz file format section 2.1.1.1, bzip2's header, and RFC 8878
#: sections 3.1.1 and 3.1.2 (pzstd begins with a skippable frame).
MAGIC = {
    Compression.GZIP: re.compile(rb"\x1f\x8b"),
    Compression.XZ: re.compile(rb"\xfd7zXZ\0"),
    Compression.BZIP2: re.compile(rb"BZh[1-9]"),
    Compression.ZSTD: re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
}
PADDED = frozenset({Compression.XZ, Compression.GZIP})
#: Bytes that come out at a time, where the library can be told.
PIECE = 1 << 20
#: Bytes that go in at a time. What follows the end of a stream is copied, once for each stream.
MOUTHFUL = 64 << 10
#: 4 bytes of zstd can become 128 KiB (RFC 8878, RLE blocks), and the library returns all that comes
#: out of what it is given: at most 32 MiB of this.
ZSTD_MOUTHFUL = 1 << 10
#: Memory that a stream may ask for: `xz -9` needs 65 MiB, and zstd without `--long` 8 MiB.
MEMORY = 128 << 20
#: A bomb is what has grown by more than this, after the first GiB: file systems shrink to a third,
#: and a large empty file in a small one hardly to a hundredth.
RATIO = 200
RATIO_FREE = 1 << 30
#: Ten times what anybody boots; two minutes of work for what unpacks fastest.
EXPANDED_LIMIT = 64 << 30
#: A gzip stream of its own for each file (eStargz) is legal, so is one a 64 KiB (bgzip).
STREAMS_LIMIT = 1_000_000


class Stream(Protocol):
    """One compressed stream of possibly several in sequence."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """All that comes out of `data`, a piece at a time."""

    def rest(self) -> bytes | None:
        """What followed the stream's end in the data; None as long as it has not ended."""


class Gzip:
    """RFC 1952."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def feed(self, data: bytes) -> Iterator[bytes]:
        while True:
            piece = self._inflate.decompress(data, PIECE)
            data = self._inflate.unconsumed_tail
            yield piece
            if self._inflate.eof or (not data and len(piece) < PIECE):
                return

    def rest(self) -> bytes | None:
        return self._inflate.unused_data if self._inflate.eof else None


class Limited:
    """What bz2 and lzma have in common."""

    def __init__(self, decompressor: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._decompressor = decompressor

    def feed(self, data: bytes) -> Iterator[bytes]:
        while True:
            yield self._decompressor.decompress(data, PIECE)
            data = b""
            if self._decompressor.eof or self._decompressor.needs_input:
                return

    def rest(self) -> bytes | None:
        return self._decompressor.unused_data if self._decompressor.eof else None


class Zstd:
    """One frame of RFC 8878."""

    def __init__(self) -> None:
        self._frame = zstandard.ZstdDecompressor(max_window_size=MEMORY).decompressobj()
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), ZSTD_MOUTHFUL):
            yield self._frame.decompress(data[start : start + ZSTD_MOUTHFUL])
            if self._frame.eof:
                self._rest = self._frame.unused_data + data[start + ZSTD_MOUTHFUL :]
                return

    def rest(self) -> bytes | None:
        return self._rest if self._frame.eof else None


STREAMS: dict[Compression, Callable[[], Stream]] = {
    Compression.GZIP: Gzip,
    Compression.XZ: lambda: Limited(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY)),
    Compression.BZIP2: lambda: Limited(bz2.BZ2Decompressor()),
    Compression.ZSTD: Zstd,
}
DAMAGED = (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, EOFError, ValueError)


def compression(head: bytes) -> Compression | None:
    """How something that begins with `head` (6 bytes are enough) is compressed, if it is."""
    return next((kind for kind, magic in MAGIC.items() if magic.match(head)), None)


class Bounds:
    """What one archive may cost, counted in bytes; and whether zeros follow one of its streams."""

    def __init__(self, kind: Compression) -> None:
        self.kind = kind
        self.is_padded = False
        self.taken = self.given = self.streams = 0

    def another_stream(self) -> None:
        self.streams += 1
        if self.streams > STREAMS_LIMIT:
            raise ArchiveInvalid(f"more than {STREAMS_LIMIT} {self.kind} streams in one archive")

    def give(self, size: int) -> None:
        """Raise ArchiveInvalid if `size` bytes more are too many."""
        self.given += size
        if self.given > EXPANDED_LIMIT:
            raise ArchiveInvalid(f"more than {EXPANDED_LIMIT >> 30} GiB come out of the archive")
        if self.given > max(RATIO_FREE, RATIO * self.taken):
            raise ArchiveInvalid(f"the archive grows by more than {RATIO} times when unpacked")


def expanded(chunks: Iterable[bytes], bounds: Bounds) -> Iterator[bytes]:
    """What comes out of `chunks`, all streams of it.

    Raises ArchiveInvalid for what is damaged, cut short, followed by something else, or a bomb.
    What `chunks` itself raises goes through.
    """
    stream: Stream | None = None
    for mouthful in _mouthfuls(chunks):
        bounds.taken += len(mouthful)
        data = _without_padding(mouthful, bounds) if stream is None else mouthful
        while data:
            if stream is None:
                bounds.another_stream()
                stream = STREAMS[bounds.kind]()
            yield from _fed(stream, data, bounds)
            rest = stream.rest()
            if rest is None:
                break
            stream, data = None, _without_padding(rest, bounds)
    if stream is not None or not bounds.streams:
        raise ArchiveInvalid(f"the archive is cut short: its {bounds.kind} stream has no end")


def _fed(stream: Stream, data: bytes, bounds: Bounds) -> Iterator[bytes]:
    pieces = stream.feed(data)
    while True:
        try:
            piece = next(pieces, None)
        except DAMAGED as error:
            what = "damaged, followed by something else, or in need of too much memory"
            raise ArchiveInvalid(f"the archive's {bounds.kind} stream is {what}") from error
        if piece is None:
            return
        bounds.give(len(piece))
        if piece:
            yield piece


def _mouthfuls(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), MOUTHFUL):
            yield chunk[start : start + MOUTHFUL]


def _without_padding(data: bytes, bounds: Bounds) -> bytes:
    """What comes after a stream, which may be padded with zeros.

    .xz by its section 2.2; gzip files by habit, as tapes and `gzip` itself have it.
    """
    if bounds.kind not in PADDED:
        return data
    rest = data.lstrip(b"\0")
    bounds.is_padded = bounds.is_padded or len(rest) < len(data)
    return rest
