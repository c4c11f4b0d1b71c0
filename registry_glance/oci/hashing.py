"""A running hash whose state can be put away and taken up again by another process.

An upload may come in many requests, each served by another process or machine. hashlib cannot
hand over a half-done hash, so the bytes would have to be read back; OpenSSL's SHA256_CTX and
SHA512_CTX (openssl/sha.h, plain structures of 112 and 216 bytes) can. Where libcrypto is not to
be had, hashlib does the work and `state()` is None.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
import struct
from base64 import b85decode, b85encode
from functools import cache
from typing import NamedTuple

from registry_glance.oci.digest import Digest


class Context(NamedTuple):
    """How OpenSSL lays out one algorithm's context: sizes in bytes."""

    functions: str
    size: int
    block: int
    output: int
    #: the number of bits taken in, as two words, after the `output` bytes of chaining value
    counter: str


CONTEXTS = {
    "sha256": Context("SHA256", 112, 64, 32, "=II"),
    "sha512": Context("SHA512", 216, 128, 64, "=QQ"),
}


@cache
def _libcrypto() -> ctypes.CDLL | None:
    """OpenSSL's libcrypto, if it has the functions and structures of openssl/sha.h."""
    try:
        library = ctypes.CDLL(ctypes.util.find_library("crypto") or "")
        for context in CONTEXTS.values():
            getattr(library, f"{context.functions}_Update").argtypes = (
                ctypes.c_void_p,
                ctypes.c_char_p,
                ctypes.c_size_t,
            )
            _probe(library, context)
    except (OSError, AttributeError):
        return None
    return library


def _probe(library: ctypes.CDLL, context: Context) -> None:
    """Raise OSError unless the counters lie where `resume` looks for them.

    BoringSSL's libcrypto has the same functions on other structures.
    """
    buffer = ctypes.create_string_buffer(2 * context.size)
    getattr(library, f"{context.functions}_Init")(buffer)
    getattr(library, f"{context.functions}_Update")(
        buffer, bytes(context.block + 3), context.block + 3
    )
    if _counters(context, buffer.raw[: context.size]) != (context.block + 3, 3, context.output):
        raise OSError("libcrypto has other structures than OpenSSL's")


def _counters(context: Context, raw: bytes) -> tuple[int, int, int]:
    """Bytes taken in, bytes of them still pending, and the length of the digest."""
    low, high = struct.unpack_from(context.counter, raw, context.output)
    pending, length = struct.unpack_from("=II", raw, context.size - 8)
    bits = high << (4 * struct.calcsize(context.counter)) | low
    return bits // 8, pending, length


class RunningHash:
    """The digest of bytes that come in pieces. Not for use by two threads at once."""

    def __init__(self, algorithm: str = "sha256") -> None:
        self.algorithm = algorithm
        self._context = CONTEXTS[algorithm]
        self._library = _libcrypto()
        self._plain = hashlib.new(algorithm)
        self._buffer = ctypes.create_string_buffer(self._context.size)
        self._call("Init", self._buffer)

    def update(self, data: bytes) -> None:
        """Take in `data`; other threads run meanwhile."""
        if self._library is None:
            self._plain.update(data)
        else:
            self._call("Update", self._buffer, data, len(data))

    def digest(self) -> Digest:
        """The digest of all bytes so far; more may follow."""
        if self._library is None:
            return Digest(self.algorithm, self._plain.hexdigest())
        output = ctypes.create_string_buffer(self._context.output)
        self._call("Final", output, ctypes.create_string_buffer(self._buffer.raw))
        return Digest(self.algorithm, output.raw[: self._context.output].hex())

    def state(self) -> str | None:
        """The hash as it stands, in under 300 characters, for `resume`."""
        if self._library is None:
            return None
        return b85encode(self._buffer.raw[: self._context.size]).decode()

    @classmethod
    def resume(cls, algorithm: str, state: str) -> RunningHash | None:
        """Go on where `state` was taken; None when it cannot be trusted or used here.

        A state comes from outside: its counters index memory inside OpenSSL, so they are checked.
        """
        raw = _decoded(algorithm, state)
        if raw is None or _libcrypto() is None:
            return None
        running = cls(algorithm)
        taken, pending, length = _counters(running._context, raw)
        if (pending, length) != (taken % running._context.block, running._context.output):
            return None
        ctypes.memmove(running._buffer, raw, len(raw))
        return running

    def _call(self, function: str, *arguments: object) -> None:
        if self._library is not None:
            getattr(self._library, f"{self._context.functions}_{function}")(*arguments)


def _decoded(algorithm: str, state: str) -> bytes | None:
    """The context that `state` stands for, if it is one of this algorithm by its size."""
    try:
        raw = b85decode(state)
    except ValueError:
        return None
    return raw if algorithm in CONTEXTS and len(raw) == CONTEXTS[algorithm].size else None
