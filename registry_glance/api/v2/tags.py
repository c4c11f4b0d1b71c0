"""A repository's tags (OCI Distribution 1.1, end-8)."""

from __future__ import annotations

from flask import Response

from registry_glance.api.call import Call
from registry_glance.api.document import document
from registry_glance.api.v2 import paging
from registry_glance.oci.names import Repository


def get(call: Call, repository: Repository) -> Response:
    """One page of tags by code point. Raises PaginationInvalid, NameUnknown."""
    size = paging.number(call)
    names = call.store.tags(repository)
    page = paging.wanted(call, names)
    found = names[page.start : page.stop]
    response = document({"name": repository.name, "tags": found})
    if found and page.stop < len(names):
        path = f"/v2/{repository}/tags/list"
        response.headers["Link"] = paging.link(path, n=str(size), last=found[-1])
    return response
