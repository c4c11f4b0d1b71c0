"""Byte ranges: `Range` of RFC 9110 section 14 on blobs, `Content-Range` of OCI uploads."""

from __future__ import annotations

import re
from typing import NamedTuple

from registry_glance.errors import RangeNotSatisfiable, UploadInvalid

RANGE = re.compile(r"bytes=\s*(\d*)\s*-\s*(\d*)\s*", re.ASCII | re.IGNORECASE)
#: Beyond the end of every blob, and the only such position that is ever counted with.
FAR = 1 << 63
#: OCI Distribution 1.1, "Pushing a blob in chunks"; `bytes ` and `/size` are what RFC 9110 adds.
CONTENT_RANGE = re.compile(r"(?:bytes[ =])?(\d{1,19})-(\d{1,19})(?:/(?:\d{1,19}|\*))?", re.ASCII)


class Range(NamedTuple):
    """Bytes `start` up to, but without, `stop`."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        return self.stop - self.start


def requested(header: str | None, size: int) -> Range | None:
    """What `Range` asks of `size` bytes; None when the whole is to be sent.

    An unreadable header, another unit and several ranges are ignored, as RFC 9110 section 14.2
    allows. Raises RangeNotSatisfiable.
    """
    match = RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.group(1) == match.group(2) == "":
        return None
    first, last = match.groups()
    if first == "":
        wanted = Range(max(size - _position(last), 0), size)
    else:
        wanted = Range(_position(first), min(_position(last) + 1, size) if last else size)
    if wanted.start >= wanted.stop:
        raise RangeNotSatisfiable(size)
    return wanted


def chunk(header: str | None) -> Range | None:
    """The chunk that an upload's `Content-Range` announces. Raises UploadInvalid."""
    if header is None:
        return None
    match = CONTENT_RANGE.fullmatch(header.strip())
    if match is None or int(match.group(1)) > int(match.group(2)):
        raise UploadInvalid("invalid Content-Range", detail={"Content-Range": header[:80]})
    return Range(int(match.group(1)), int(match.group(2)) + 1)


def _position(digits: str) -> int:
    """`int`, which raises above 4,300 digits; anything too long for a blob is `FAR`."""
    significant = digits.lstrip("0")
    return min(int(significant or "0"), FAR) if len(significant) < 20 else FAR
