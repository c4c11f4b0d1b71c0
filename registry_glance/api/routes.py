"""Everything that this registry answers, on one page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flask import Response

from registry_glance.api.access import Access
from registry_glance.api.v2 import base, blobs, catalog, manifests, referrers, tags, uploads
from registry_glance.errors import UploadUnknown
from registry_glance.oci.digest import Digest
from registry_glance.oci.names import UUID, Repository, reference


class Verb(NamedTuple):
    """Who answers, and what the caller must be allowed to do.

    A handler gets a Call and what the path says; one that is open to everybody, a Request.
    """

    handler: Callable[..., Response]
    access: Access


class Route(NamedTuple):
    """A path, as a regular expression whose groups are the handlers' arguments."""

    path: str
    verbs: Mapping[str, Verb]


def upload(text: str) -> str:
    """An upload's ID. Raises UploadUnknown for what never was one."""
    if not UUID.fullmatch(text):
        raise UploadUnknown(detail={"upload": text[:80]})
    return text


#: What the groups of the paths mean. A name is read by its whole extent, slashes included: the
#: grammar of names, and not the path's, decides what is wrong with `..` and `//`.
PARSERS: Mapping[str, Callable[[str], Any]] = {
    "repository": Repository.parse,
    "digest": Digest.parse,
    "reference": reference,
    "upload": upload,
}

NAME = r"/v2/(?P<repository>.*)"
DIGEST = r"(?P<digest>[^/]+)"
REFERENCE = r"(?P<reference>[^/]+)"
UPLOAD = r"(?P<upload>[^/]+)"

NONE, LOGIN, CATALOG = Access.NONE, Access.LOGIN, Access.CATALOG
PULL, PUSH, DELETE = Access.PULL, Access.PUSH, Access.DELETE

#: The first path that matches answers; HEAD is understood wherever GET is.
ROUTES: tuple[Route, ...] = (
    Route(r"/", {"GET": Verb(base.home, NONE)}),
    Route(r"/healthz", {"GET": Verb(base.alive, NONE)}),
    Route(r"/v2/?", {"GET": Verb(base.version, LOGIN)}),
    Route(r"/v2/_catalog", {"GET": Verb(catalog.get, CATALOG)}),
    Route(rf"{NAME}/blobs/uploads/?", {"POST": Verb(uploads.post, PUSH)}),
    Route(
        rf"{NAME}/blobs/uploads/{UPLOAD}",
        {
            "GET": Verb(uploads.get, PUSH),
            "PATCH": Verb(uploads.patch, PUSH),
            "PUT": Verb(uploads.put, PUSH),
            "DELETE": Verb(uploads.delete, PUSH),
        },
    ),
    Route(
        rf"{NAME}/blobs/{DIGEST}",
        {
            "HEAD": Verb(blobs.head, PULL),
            "GET": Verb(blobs.get, PULL),
            "DELETE": Verb(blobs.delete, DELETE),
        },
    ),
    Route(
        rf"{NAME}/manifests/{REFERENCE}",
        {
            "GET": Verb(manifests.get, PULL),
            "PUT": Verb(manifests.put, PUSH),
            "DELETE": Verb(manifests.delete, DELETE),
        },
    ),
    Route(rf"{NAME}/tags/list", {"GET": Verb(tags.get, PULL)}),
    Route(rf"{NAME}/referrers/{DIGEST}", {"GET": Verb(referrers.get, PULL)}),
)
