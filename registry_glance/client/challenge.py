"""What a registry asks of who is not logged in: WWW-Authenticate (RFC 9110, section 11.6.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: A parameter, whose value may be a quoted-string, or the name of a scheme.
TOKEN = re.compile(r'([a-zA-Z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([a-zA-Z]+)')
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
    found: dict[str, dict[str, str]] = {}
    said: dict[str, str] = {}
    for match in TOKEN.finditer((header or "")[:LONGEST]):
        name, quoted, plain, scheme = match.groups()
        if scheme:
            said = found.setdefault(scheme.lower(), {})
        else:
            said[name.lower()] = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    for scheme in ("bearer", "basic"):
        if scheme in found:
            said = found[scheme]
            words = (said.get(key, "") for key in ("realm", "service", "scope"))
            return Challenge(scheme, *words)
    return None
