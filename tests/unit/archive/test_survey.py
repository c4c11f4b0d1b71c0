"""What something is, its bytes say; and what is wrong with it is said clearly, and soon."""

from __future__ import annotations

import gzip
import lzma
import tarfile
import tracemalloc
from collections.abc import Iterator
from itertools import chain

import pytest
import zstandard

from registry_glance.archive import compression, members, pax, tarball
from registry_glance.archive.contents import Contents, Document, Found, Part
from registry_glance.archive.survey import survey
from registry_glance.archive.unpacking import unpacked
from registry_glance.errors import ArchiveInvalid
from registry_glance.oci import media_types
from registry_glance.oci.digest import Digest
from tests.clients.tarballs import packed
from tests.unit.archive.made import (
    COMPRESSIONS,
    IMAGE,
    chunks,
    headed,
    link,
    member,
    read,
    saved,
    tar,
)

ROOT = tar(
    member("./", type=tarfile.DIRTYPE),
    member("./bin/busybox", b"a program"),
    link("./bin/sh", "/bin/busybox"),
    link("./bin/ls", "./bin/busybox", tarfile.LNKTYPE),
    member("./dev/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
    member("./run/initctl", type=tarfile.FIFOTYPE),
    member(f"./etc/{'long' * 60}", b"x"),
    member("./manifest.json", b'{"name": "a file as any other"}'),
)


def words_of(value: object) -> str:
    """The name of a test by what is said, not by all its bytes."""
    return value if isinstance(value, str) else "bytes"


# Root file systems


def test_a_tarball_is_a_layer_as_it_is() -> None:
    root = read(ROOT).root
    assert root is not None
    assert root.layer == Part(Digest.of(ROOT), len(ROOT), 0)
    assert root.media_type == "application/vnd.docker.image.rootfs.diff.tar"
    assert root.diff_id == Digest.of(ROOT)


def test_so_is_one_in_gzip() -> None:
    data = gzip.compress(ROOT)
    contents = read(data)
    root = contents.root
    assert root is not None
    assert root.layer == Part(Digest.of(data), len(data), 0)
    assert root.media_type == "application/vnd.docker.image.rootfs.diff.tar.gzip"
    assert root.diff_id == Digest.of(ROOT)
    assert not contents.packed


@pytest.mark.parametrize("kind", ["xz", "bzip2", "zstd"])
def test_what_comes_out_of_others_is_still_to_be_packed(kind: str) -> None:
    contents = read(COMPRESSIONS[kind](ROOT))
    root = contents.root
    assert root is not None
    assert root.layer == Part(Digest.of(ROOT), len(ROOT), 0)
    assert root.media_type == "application/vnd.docker.image.rootfs.diff.tar.gzip"
    assert root.diff_id == Digest.of(ROOT)
    assert contents.packed


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_all_kinds_of_headers_are_read(kind: int) -> None:
    names = ["short", f"{'x' * 90}/{'y' * 90}", "bin/["]
    if kind != tarfile.USTAR_FORMAT:
        names += [f"{'long' * 200}/file", "gr\u00fc\u00dfe", "not\udcff utf-8"]
    data = tar(
        *(member(name, name.encode("utf-8", "surrogateescape")) for name in names), kind=kind
    )
    found = survey(chunks(data)).members
    assert set(found) == set(names)
    for name, one in found.items():
        body = data[one.start : one.start + one.size]
        assert body.decode("utf-8", "surrogateescape") == name
        assert one.digest == Digest.of(body)


def test_a_size_in_a_pax_header_counts() -> None:
    data = tar(
        member("a", b"x" * 700, pax_headers={"size": "700"}), member("b"), kind=tarfile.PAX_FORMAT
    )
    lying = data.replace(b"00000001274\0", b"00000000000\0", 1)
    checked = _with_checksums(lying)
    assert survey(chunks(checked)).members["a"].size == 700


def _with_checksums(data: bytes) -> bytes:
    """`data` with its third block, the header after a pax header, made right."""
    block = bytearray(data[1024:1536])
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    return data[:1024] + bytes(block) + data[1536:]


def test_a_tar_may_begin_with_what_looks_like_json() -> None:
    assert read(tar(member("[", b"test"))).root is not None


def test_the_last_of_a_name_counts() -> None:
    data = tar(member("a", b"one"), member("a", b"two"), link("b", "c"), member("b", b"three"))
    found = survey(chunks(data))
    assert {name: one.digest for name, one in found.members.items()} == {
        "a": Digest.of(b"two"),
        "b": Digest.of(b"three"),
    }
    assert (found.links, found.count) == ({}, 4)


# Compressed ones


@pytest.mark.parametrize("size", [1, 511, 1 << 20], ids=str)
@pytest.mark.parametrize("kind", COMPRESSIONS)
def test_it_does_not_matter_how_the_bytes_come(kind: str, size: int) -> None:
    data = COMPRESSIONS[kind](packed(saved(IMAGE)))
    found = survey(chunks(data, size))
    assert found.compression == kind
    assert (found.whole.size, found.whole.digest) == (len(data), Digest.of(data))
    assert found.tar == survey([packed(saved(IMAGE))]).tar
    assert found.members == survey([packed(saved(IMAGE))]).members


@pytest.mark.parametrize("kind", COMPRESSIONS)
def test_several_streams_are_one(kind: str) -> None:
    compress = COMPRESSIONS[kind]
    data = compress(ROOT[:700]) + compress(b"") + compress(ROOT[700:])
    found = survey(chunks(data)).tar
    assert found is not None
    assert found.digest == Digest.of(ROOT)


def test_what_may_be_beside_streams_is_passed_over() -> None:
    skipped = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    read(skipped + zstandard.compress(ROOT) + skipped)
    read(lzma.compress(ROOT) + bytes(8) + lzma.compress(b"") + bytes(4))


@pytest.mark.parametrize("kind", COMPRESSIONS)
def test_a_stream_that_is_cut_short_is_refused(kind: str) -> None:
    data = COMPRESSIONS[kind](ROOT)
    for size in (*range(6, 40), len(data) // 2, *range(len(data) - 16, len(data))):
        with pytest.raises(ArchiveInvalid):
            read(data[:size])


@pytest.mark.parametrize("kind", COMPRESSIONS)
def test_a_damaged_stream_is_refused(kind: str) -> None:
    data = bytearray(COMPRESSIONS[kind](ROOT))
    data[len(data) // 2] ^= 0xFF
    if kind == "zstd":
        data[4] ^= 0x10
    with pytest.raises(ArchiveInvalid):
        read(bytes(data))


@pytest.mark.parametrize("kind", COMPRESSIONS)
def test_what_follows_a_stream_is_refused(kind: str) -> None:
    zeros = b"" if kind in ("xz", "gzip") else bytes(4)
    for more in (b"more", zeros + b"\0more", zeros or b"more", ROOT):
        with pytest.raises(ArchiveInvalid):
            read(COMPRESSIONS[kind](ROOT) + more)


def test_what_docker_would_not_read_to_its_end_is_packed_anew() -> None:
    # Go's reader of gzip takes zeros for the next stream, and refuses them.
    contents = read(gzip.compress(ROOT) + bytes(512))
    assert contents.root is not None
    assert contents.root.layer == Part(Digest.of(ROOT), len(ROOT), 0)
    assert contents.root.media_type == "application/vnd.docker.image.rootfs.diff.tar.gzip"
    assert contents.packed


@pytest.mark.parametrize("name", ["BZh9/x", "\x1f\udc8bx"], ids=["bzip2", "gzip"])
def test_so_is_what_docker_would_take_for_compressed(name: str) -> None:
    data = tar(member(name, b"x"))
    contents = read(data)
    assert contents.root is not None
    assert contents.root.layer == Part(Digest.of(data), len(data), 0)
    assert contents.root.media_type == "application/vnd.docker.image.rootfs.diff.tar.gzip"
    assert contents.packed
    _, pieces = next(unpacked(chunks(data), [contents.root.layer]))
    assert b"".join(pieces) == data


def test_a_tar_may_end_without_its_zeros() -> None:
    # As old writers leave it, and some of Go.
    assert survey([FILE + FILE]).count == 2
    assert survey([gzip.compress(FILE)]).count == 1


@pytest.mark.parametrize("kind", COMPRESSIONS)
def test_one_compression_is_enough(kind: str) -> None:
    with pytest.raises(ArchiveInvalid, match="compressed with gzip"):
        read(COMPRESSIONS[kind](gzip.compress(ROOT)))


@pytest.mark.parametrize("kind", COMPRESSIONS)
def test_a_bomb_is_defused(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "RATIO_FREE", 8 << 20)
    bomb = COMPRESSIONS[kind](headed_file(64 << 20))
    tracemalloc.start()
    with pytest.raises(ArchiveInvalid, match="200 times"):
        read(bomb, 1 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 48 << 20


def test_there_is_an_end_to_what_may_come_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "EXPANDED_LIMIT", 1 << 20)
    with pytest.raises(ArchiveInvalid, match="GiB come out"):
        read(gzip.compress(headed_file(2 << 20)))


def test_there_is_an_end_to_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "STREAMS_LIMIT", 100)
    with pytest.raises(ArchiveInvalid, match="100 gzip streams"):
        read(gzip.compress(ROOT) + gzip.compress(b"") * 100)


def test_a_stream_may_not_ask_for_all_memory() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=28)
    huge = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    with pytest.raises(ArchiveInvalid, match="too much memory"):
        read(huge.compress(ROOT) + huge.flush())
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 28}]
    with pytest.raises(ArchiveInvalid, match="too much memory"):
        read(lzma.compress(ROOT, filters=filters))


def headed_file(size: int) -> bytes:
    return headed(member("zeros", bytes(size))[0], bytes(size)) + bytes(1024)


# What is no image


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"#!/bin/sh\nexit 1\n", "text"),
        (b"QFI\xfb\x00\x00\x00\x03" + bytes(600), "a qcow2 disk"),
        (b"KDMV" + bytes(600), "a VMDK disk"),
        (bytes(510) + b"\x55\xaa" + bytes(512), "a disk"),
        (b"\x7fELF" + bytes(600), "a program"),
        (b"PK\x03\x04" + bytes(600), "a zip archive"),
        (b"hsqs" + bytes(600), "a squashfs file system"),
        (b"\xff\xfe\xfd" * 500, "something else"),
        (b"{}", "no manifest"),
        (b"[1, 2", "no manifest"),
        (IMAGE.config, "a configuration"),
        (b"[" * (5 << 20), "more than 4 MiB"),
        (bytes(10240), "nothing in it"),
        (gzip.compress(b""), "what comes out of gzip is empty"),
        (gzip.compress(b"hello"), "what comes out of gzip is text"),
        (gzip.compress(IMAGE.manifest), "what comes out of gzip is JSON"),
    ],
    ids=words_of,
)
def test_it_is_said_what_something_seems_to_be(data: bytes, words: str) -> None:
    with pytest.raises(ArchiveInvalid, match=words):
        read(data)


def test_what_is_no_archive_is_not_read_to_its_end() -> None:
    def disk() -> Iterator[bytes]:
        yield b"QFI\xfb" + bytes(1 << 16)
        raise AssertionError("there is no need for more")

    with pytest.raises(ArchiveInvalid, match="qcow2"):
        survey(disk())


def test_a_manifest_is_a_document() -> None:
    found = Digest.of(IMAGE.manifest)
    documents = {found: Document(media_types.OCI_MANIFEST, IMAGE.manifest)}
    assert read(IMAGE.manifest) == Contents((Found(found),), documents)


# Hostile ones


@pytest.mark.parametrize("size", range(1, 1536, 100), ids=str)
def test_a_tar_that_is_cut_short_is_refused(size: int) -> None:
    with pytest.raises(ArchiveInvalid):
        read(ROOT[:size])


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x", "..", "a/..", "//x"])
def test_a_member_outside_the_archive_is_refused(name: str) -> None:
    with pytest.raises(ArchiveInvalid, match="outside itself"):
        read(tar(member("a"), member(name)))


def test_a_name_in_a_message_is_harmless() -> None:
    with pytest.raises(ArchiveInvalid) as told:
        read(tar(member(f"/\n\x1b[2J\udcff{'x' * 1000}")))
    assert len(told.value.message) < 200
    assert told.value.message.isascii()
    assert told.value.message.isprintable()


def extension(kind: bytes, data: bytes, size: int | None = None) -> bytes:
    info = tarfile.TarInfo("extension")
    info.type, info.size = kind, len(data) if size is None else size
    return headed(info, data)


def with_size(size: int) -> bytes:
    info = tarfile.TarInfo("a")
    info.size = size
    return headed(info)


END = bytes(1024)
FILE = headed(*member("file", b"data"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (with_size(-512) + END, "negative size"),
        (with_size(1 << 62) + END, "cut short"),
        (FILE + bytes(100), "has no end"),
        (FILE + bytes(512) + FILE + END, "something follows"),
        (FILE + END + b"x", "something follows"),
        (FILE + b"x" * 512 + END, "damaged at byte 1024"),
        (FILE + FILE[:100], "cut short"),
        (extension(b"x", b"", 8 << 30) + FILE + END, "a header of 8589934592 bytes"),
        (extension(b"L", b"", 8 << 30) + FILE + END, "a header of 8589934592 bytes"),
        (extension(b"L", b"name\0") + END, "after a long name"),
        (extension(b"L", b"one\0") * 5000 + FILE + END, "two names"),
        (extension(b"K", b"one\0") * 2 + FILE + END, "two targets"),
        (extension(b"L", b"a\0") + extension(b"x", b"10 path=b\n") + FILE + END, "two names"),
        (extension(b"L", b"x" * 5000) + FILE + END, "a name of 5000"),
        (extension(b"K", b"x" * 5000) + FILE + END, "a link to 5000"),
        (extension(b"x", b"8 path=b\n") + FILE + END, "pax header"),
        (extension(b"x", b"12 path=b\n") + FILE + END, "pax header"),
        (extension(b"x", b"0 path=b\n") + FILE + END, "pax header"),
        (extension(b"x", b"-1 path=b\n") + FILE + END, "pax header"),
        (extension(b"x", b"9" * 5000 + b" path=b\n") + FILE + END, "pax header"),
        (extension(b"x", b"path\n") + FILE + END, "pax header"),
        (extension(b"x", b"11 size=-5\n") + FILE + END, "pax header"),
        (extension(b"x", b"11 size=1x\n") + FILE + END, "pax header"),
        (extension(b"g", b"10 path=b\n") + FILE + END, "for all its members"),
        (extension(b"g", b"10 size=9\n") + FILE + END, "for all its members"),
    ],
    ids=words_of,
)
def test_hostile_headers_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(ArchiveInvalid, match=words):
        read(data)


def test_what_else_is_in_a_pax_header_is_passed_over() -> None:
    value = b"\x01\0\n=\0 9 path=x\n"
    record = b"%d SCHILY.xattr.security.capability=%s\n"
    length = len(record % (10, value))
    data = extension(b"x", record % (length, value)) + FILE + END
    assert set(survey([data]).members) == {"file"}


def test_a_comment_for_all_members_is_none_of_our_business() -> None:
    # As `git archive` writes it.
    assert read(extension(b"g", b"18 comment=0123ab\n") + FILE + END).root is not None


@pytest.mark.parametrize(
    "header",
    [
        b"1" * (1 << 20),
        b"2 " * (1 << 19),
        b"2 a" * 300_000 + b"=\n",
        b"1 hdrcharset=" * 80_000,
        b"1 GNU.sparse.offset=" * 50_000,
    ],
    ids=["digits", "lengths", "keys", "charsets", "offsets"],
)
def test_a_pax_header_takes_no_time_that_grows_with_its_square(header: bytes) -> None:
    # By the standard library's way these take minutes, or all memory.
    with pytest.raises(ArchiveInvalid, match="pax header"):
        read(extension(b"x", header) + FILE + END, 1 << 20)


def test_there_is_an_end_to_pax_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pax, "RECORDS_LIMIT", 100)
    one = extension(b"x", b"6 a=b\n" * 50) + FILE
    assert read(one * 2 + END).root is not None
    for more in (extension(b"x", b"6 a=b\n") + FILE, extension(b"g", b"6 a=b\n")):
        with pytest.raises(ArchiveInvalid, match="more than 100 pax records"):
            read(one * 2 + more + END)


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"], ids=bytes.decode)
def test_there_is_an_end_to_headers_before_headers(
    kind: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pax, "BYTES_LIMIT", 4 << 20)
    data = b"1000000 a=" + b"x" * 999_989 + b"\n" if kind in b"xg" else b"a\0" + bytes(999_998)
    with pytest.raises(ArchiveInvalid, match="more than 4 MiB of headers"):
        read((extension(kind, data) + FILE) * 5 + END, 1 << 20)


def test_many_files_with_some_records_each_are_a_file_system() -> None:
    # The limits leave room for six times as many.
    records = b"20 mtime=1384300800\n" * 12
    unit = extension(b"x", records) + headed(member("file")[0])
    found = survey(chain((unit * 1000 for _ in range(50)), [END]))
    assert found.count == 50_000


def test_sparse_files_are_passed_over_in_a_file_system() -> None:
    # A GNU header with one more block of the map: tar.h, `struct sparse_header`.
    info = tarfile.TarInfo("sparse")
    info.type, info.size = tarfile.GNUTYPE_SPARSE, 4
    block = bytearray(headed(info)[:512])
    block[386:410] = b"00000000000\0" + b"00000000004\0"
    block[482] = 1
    block[483:495] = b"00000001000\0"
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    data = bytes(block) + bytes(512) + b"data" + bytes(508) + FILE + END
    found = survey([data])
    assert found.members["sparse"].is_sparse
    assert found.members["sparse"].digest == Digest.of(b"data")
    assert found.members["file"].start == 2048


def test_there_is_an_end_to_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tarball, "HEADERS_LIMIT", 100)
    with pytest.raises(ArchiveInvalid, match="more than 100 headers"):
        read(headed(tarfile.TarInfo("a")) * 101 + END)


def test_many_members_cost_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "LIMIT", 100)
    names = (f"{number:x}/{'x' * 80}" for number in range(5000))
    blocks = (headed(tarfile.TarInfo(name)) for name in names)
    tracemalloc.start()
    found = survey(chain(blocks, [END]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.count, found.is_crowded, found.members) == (5000, True, {})
    assert peak < 1 << 20


def test_long_names_cost_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "TEXT_LIMIT", 100_000)
    files = [member(f"{number}/{'x' * 900}") for number in range(200)]
    assert survey([tar(*files)]).is_crowded


def test_only_small_documents_at_their_places_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "DOCUMENTS_LIMIT", 100)
    files = {
        "a.json": b"{}",
        "text": b"no JSON",
        "usr/lib/node/package.json": b"{}",
        "blobs/sha256/x": b"[]",
        "large.json": b"[" + b" " * 90 + b"1]",
        "larger.json": b"[" + b" " * 90 + b"1]",
    }
    kept = {"a.json", "blobs/sha256/x", "large.json"}
    assert set(survey([packed(files)]).documents) == kept
    # Without these it would be taken for a file system.
    files["manifest.json"] = b"[" + b" " * 200 + b"]"
    assert set(survey([packed(files)]).documents) == {*kept, "manifest.json"}


def test_what_the_bytes_come_from_may_stop_it() -> None:
    class Stopped(Exception):
        pass

    def source(data: bytes) -> Iterator[bytes]:
        yield data
        raise Stopped

    for data in (b"", ROOT[:100], ROOT[:3000], gzip.compress(ROOT)[:200], IMAGE.manifest):
        with pytest.raises(Stopped):
            survey(source(data))
