"""Parts of compressed archives, taken out in one pass; and file systems packed as layers."""

from __future__ import annotations

import gzip
from random import Random

import pytest

from registry_glance.archive.contents import Part
from registry_glance.archive.unpacking import packed, unpacked
from registry_glance.errors import ArchiveInvalid
from registry_glance.oci.digest import Digest
from tests.clients.tarballs import packed as tarball
from tests.unit.archive.made import COMPRESSIONS, IMAGE, OTHER, chunks, read, saved

NOISE = Random(1).randbytes(300_000)


def part(start: int, size: int) -> Part:
    return Part(Digest.of(NOISE[start : start + size]), size, start)


@pytest.mark.parametrize("kind", [*COMPRESSIONS, "plain"])
def test_each_part_comes_out_in_the_order_of_the_archive(kind: str) -> None:
    archive = COMPRESSIONS.get(kind, bytes)(tarball(saved(IMAGE, OTHER)))
    parts = read(archive).parts
    found = [(part, b"".join(pieces)) for part, pieces in unpacked(chunks(archive), parts.values())]
    assert [part for part, _ in found] == sorted(parts.values(), key=lambda part: part.start)
    assert [Digest.of(content) for _, content in found] == [part.digest for part, _ in found]


def test_a_part_that_nobody_reads_is_passed_over() -> None:
    wanted = [part(200_000, 70_000), part(10, 1000), part(1010, 0)]
    parts = unpacked(chunks(gzip.compress(NOISE)), wanted)
    found = {part: next(pieces, b"") for part, pieces in parts}
    assert list(found) == [wanted[1], wanted[2], wanted[0]]
    assert [NOISE.index(piece) for piece in found.values()] == [10, 0, 200_000]


def test_a_part_that_was_passed_over_is_not_taken_for_an_empty_one() -> None:
    [(_, one), (_, two)] = unpacked(chunks(NOISE), [part(0, 1000), part(5000, 1000)])
    for pieces in (one, two):
        with pytest.raises(ValueError, match="before the next one"):
            next(pieces)


@pytest.mark.parametrize("start", [0, 5000], ids=["in a part", "before it"])
def test_an_archive_that_has_become_shorter_is_refused(start: int) -> None:
    parts = unpacked(chunks(gzip.compress(NOISE[:1000])), [part(start, 2000)])
    with pytest.raises(ArchiveInvalid, match="cut short"):
        dict(parts)


def test_parts_that_overlap_are_refused() -> None:
    with pytest.raises(ArchiveInvalid, match="overlap"):
        list(unpacked(chunks(NOISE), [part(0, 100), part(99, 100)]))


@pytest.mark.parametrize("size", [1, 1000, 300_000], ids=str)
def test_what_is_packed_is_the_same_each_time(size: int) -> None:
    layer = b"".join(packed(chunks(NOISE[:5000] * 20, size)))
    assert gzip.decompress(layer) == NOISE[:5000] * 20
    assert layer == b"".join(packed([NOISE[:5000] * 20]))
    # RFC 1952: no name, no time.
    assert layer[:8] == b"\x1f\x8b\x08\0\0\0\0\0"
