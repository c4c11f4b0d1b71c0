"""What a registry asks of who is not logged in: WWW-Authenticate (RFC 9110, section 11.6.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: One parameter; what a quoted-string escapes is taken as it is.
PARAMETER = re.compile(r'([a-zA-Z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
SCHEME = re.compile(r"(?:^|,)\s*(basic|bearer)(?=\s|$|,)", re.IGNORECASE)
LONGEST = 16 << 10


@dataclass(frozen=True, slots=True)
class Challenge:
    """`realm` is, for Bearer, where tokens are given ("Token Authentication Specification")."""

    scheme: str
    realm: str = ""
    service: str = ""
    scope: str = ""


def challenge(header: str | None) -> Challenge | None:
    """What is asked, Bearer before Basic; None for what we don't know."""
    text = (header or "")[:LONGEST]
    begins = list(SCHEME.finditer(text))
    found: dict[str, Challenge] = {}
    for number, match in enumerate(begins):
        stop = begins[number + 1].start() if number + 1 < len(begins) else len(text)
        scheme = match[1].lower()
        found.setdefault(scheme, _read(scheme, text[match.end() : stop]))
    return found.get("bearer") or found.get("basic")


def _read(scheme: str, text: str) -> Challenge:
    said = {
        match[1].lower(): re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        for match in PARAMETER.finditer(text)
    }
    return Challenge(scheme, said.get("realm", ""), said.get("service", ""), said.get("scope", ""))
