"""Somebody, as Keystone knows him."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """The bearer of a token: project and user are IDs, times are aware.

    The token is valid in Glance as it is. It is secret: `fingerprint` stands for it in logs.
    """

    token: str = field(repr=False)
    project: str
    user: str
    roles: frozenset[str]
    issued: datetime
    expires: datetime

    @property
    def fingerprint(self) -> str:
        """12 hexadecimal digits that tell one token from another, "-" for nobody's."""
        return hashlib.sha256(self.token.encode()).hexdigest()[:12] if self.token else "-"


#: Whoever has not logged in, where that is allowed: he has neither token nor project.
ANONYMOUS = Identity(
    token="",
    project="",
    user="",
    roles=frozenset(),
    issued=datetime.min.replace(tzinfo=UTC),
    expires=datetime.max.replace(tzinfo=UTC),
)
