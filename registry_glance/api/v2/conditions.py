"""Conditional requests (RFC 9110 section 13) on content that is named by its digest."""

from __future__ import annotations

from werkzeug.datastructures import Headers
from werkzeug.http import parse_etags

from registry_glance.oci.digest import Digest


def etag(digest: Digest) -> str:
    return f'"{digest}"'


def is_known(headers: Headers, digest: Digest) -> bool:
    """Whether `If-None-Match` says that the client has the content already."""
    value = headers.get("If-None-Match")
    return value is not None and parse_etags(value).contains_weak(str(digest))


def wants_range(headers: Headers, digest: Digest) -> str | None:
    """`Range`, unless `If-Range` ties it to other content."""
    condition = headers.get("If-Range")
    return headers.get("Range") if condition in (None, etag(digest)) else None
