"""The running hash: equal to hashlib's however the bytes are cut, and proof against bad states."""

from __future__ import annotations

import struct
from base64 import b85decode, b85encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_glance.oci import hashing
from registry_glance.oci.digest import Digest
from registry_glance.oci.hashing import CONTEXTS, RunningHash

algorithms = st.sampled_from(sorted(CONTEXTS))
#: Most of them around the 64 and 128 bytes of a block, where hashes go wrong.
pieces = st.lists(st.binary(max_size=300), max_size=8)


@pytest.fixture
def without_libcrypto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "_libcrypto", lambda: None)


@given(pieces, algorithms)
def test_pieces_have_the_digest_of_the_whole(data: list[bytes], algorithm: str) -> None:
    running, whole = RunningHash(algorithm), b""
    assert running.digest() == Digest.of(b"", algorithm)
    for piece in data:
        running.update(piece)
        whole += piece
        assert running.digest() == Digest.of(whole, algorithm)


@given(pieces, algorithms)
def test_a_hash_goes_on_where_its_state_was_taken(data: list[bytes], algorithm: str) -> None:
    running = RunningHash(algorithm)
    for piece in data:
        running.update(piece)
        resumed = RunningHash.resume(algorithm, running.state() or "")
        assert resumed is not None
        assert resumed.digest() == running.digest()
        running = resumed
    assert running.digest() == Digest.of(b"".join(data), algorithm)


@pytest.mark.parametrize("algorithm", sorted(CONTEXTS))
def test_large_pieces_and_nul_bytes_count(algorithm: str) -> None:
    data = bytes(range(256)) * 5000 + bytes(1000)
    running = RunningHash(algorithm)
    running.update(data)
    assert running.digest() == Digest.of(data, algorithm)


@pytest.mark.parametrize("algorithm", sorted(CONTEXTS))
def test_a_state_is_short_text_that_leaves_the_hash_alone(algorithm: str) -> None:
    running = RunningHash(algorithm)
    running.update(b"some")
    state = running.state()
    running.update(b"thing")
    assert state is not None
    assert len(state) < 300
    assert state.isascii()
    assert state.isprintable()
    assert running.digest() == Digest.of(b"something", algorithm)


def _state(algorithm: str, taken: int, pending: int, length: int) -> str:
    context = CONTEXTS[algorithm]
    raw = bytearray(context.size)
    struct.pack_into(context.counter, raw, context.output, taken * 8, 0)
    struct.pack_into("=II", raw, context.size - 8, pending, length)
    return b85encode(bytes(raw)).decode()


@pytest.mark.parametrize("algorithm", sorted(CONTEXTS))
def test_counters_that_would_write_elsewhere_are_refused(algorithm: str) -> None:
    output, block = CONTEXTS[algorithm].output, CONTEXTS[algorithm].block
    for taken, pending, length in (
        *((0, block, output), (block, block, output), (block + 1, block + 1, output)),
        *((0, 2**31, output), (0, 2**32 - 1, output), (3, 2, output), (0, 0, 0)),
        *((0, 0, output + 1), (0, 0, 2**32 - 1), (0, 0, 2**31)),
    ):
        state = _state(algorithm, taken, pending, length)
        assert RunningHash.resume(algorithm, state) is None, (taken, pending, length)
    assert RunningHash.resume(algorithm, _state(algorithm, 3, 3, output)) is not None


@given(
    st.one_of(st.text(max_size=400), st.binary(max_size=220).map(lambda b: b85encode(b).decode()))
)
def test_any_other_text_is_refused(state: str) -> None:
    for algorithm in CONTEXTS:
        resumed = RunningHash.resume(algorithm, state)
        assert resumed is None or len(b85decode(state)) == CONTEXTS[algorithm].size


@given(st.binary(min_size=216, max_size=216), st.binary(max_size=700))
def test_a_hostile_state_never_harms_the_interpreter(raw: bytes, data: bytes) -> None:
    for algorithm, context in CONTEXTS.items():
        counters = struct.pack("=II", raw[0] % context.block, context.output)
        for state in (raw[: context.size], raw[: context.size - 8] + counters):
            running = RunningHash.resume(algorithm, b85encode(state).decode())
            if running is not None:
                running.update(data)
                assert running.digest().algorithm == algorithm


def test_a_state_of_another_algorithm_is_refused() -> None:
    state = RunningHash("sha256").state() or ""
    assert RunningHash.resume("sha512", state) is None
    assert RunningHash.resume("md5", state) is None


@pytest.mark.usefixtures("without_libcrypto")
@pytest.mark.parametrize("algorithm", sorted(CONTEXTS))
def test_without_libcrypto_hashlib_does_the_work(algorithm: str) -> None:
    running = RunningHash(algorithm)
    running.update(b"a")
    running.update(b"b")
    assert running.digest() == Digest.of(b"ab", algorithm)
    assert running.state() is None
    assert RunningHash.resume(algorithm, _state(algorithm, 0, 0, 32)) is None


def test_a_libcrypto_of_another_layout_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    strange = {name: context._replace(output=16) for name, context in CONTEXTS.items()}
    monkeypatch.setattr(hashing, "CONTEXTS", strange)
    assert hashing._libcrypto.__wrapped__() is None
