"""All repositories (Docker Registry HTTP API v2, "Listing Repositories")."""

from __future__ import annotations

from flask import Response

from registry_glance.api.call import Call
from registry_glance.api.document import document
from registry_glance.api.v2 import paging


def get(call: Call) -> Response:
    """One page of repositories by code point. Raises PaginationInvalid."""
    size = paging.number(call)
    names = call.store.repositories()
    page = paging.wanted(call, names)
    found = names[page.start : page.stop]
    response = document({"repositories": found})
    if found and page.stop < len(names):
        response.headers["Link"] = paging.link("/v2/_catalog", n=str(size), last=found[-1])
    return response
