"""Content digests (OCI Image 1.1, descriptor.md#digests): sha256 and sha512."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from registry_glance.errors import DigestInvalid

#: algorithm -> hexadecimal digits
ALGORITHMS = {"sha256": 64, "sha512": 128}
HEX = re.compile(r"[a-f0-9]+")


@dataclass(frozen=True, slots=True)
class Digest:
    """`algorithm:hex`, known to be well-formed."""

    algorithm: str
    hex: str

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Raise DigestInvalid unless `text` is a lower-case sha256 or sha512 digest."""
        algorithm, _, digits = text.partition(":")
        if ALGORITHMS.get(algorithm) != len(digits) or not HEX.fullmatch(digits):
            raise DigestInvalid("invalid digest", detail={"digest": text[:160]})
        return cls(algorithm, digits)

    @classmethod
    def of(cls, data: bytes, algorithm: str = "sha256") -> Digest:
        """The digest of `data`."""
        return cls(algorithm, hashlib.new(algorithm, data).hexdigest())

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


def algorithm(text: str) -> str:
    """The `digest-algorithm` of an upload. Raises DigestInvalid for one we do not have."""
    if text not in ALGORITHMS:
        raise DigestInvalid("unsupported digest algorithm", detail={"algorithm": text[:40]})
    return text
