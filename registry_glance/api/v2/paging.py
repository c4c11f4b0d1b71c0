"""Pages of sorted lists: `n`, `last` and `Link` (OCI Distribution 1.1, "Listing Tags")."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from registry_glance.api.call import Call
from registry_glance.errors import PaginationInvalid

NUMBER = re.compile(r"[0-9]+")


class Page(NamedTuple):
    """A part of a list: from `start` up to, but without, `stop`."""

    start: int
    stop: int


def wanted(call: Call, keys: Sequence[str]) -> Page:
    """The part of the sorted `keys` that the query asks for. Raises PaginationInvalid."""
    start = bisect_right(keys, call.query.get("last", ""))
    return Page(start, min(start + number(call), len(keys)))


def number(call: Call) -> int:
    """`n`, at most the limit, which also holds without it. Raises PaginationInvalid."""
    text = call.query.get("n")
    limit = call.config.limits.page
    if text is None:
        return limit
    if not NUMBER.fullmatch(text):
        raise PaginationInvalid(detail={"n": text[:40]})
    return limit if len(text) > 9 else min(int(text), limit)


def link(path: str, **query: str) -> str:
    """The `Link` header to a next page (RFC 8288), as a path without a host."""
    return f'<{path}?{urlencode(query)}>; rel="next"'
