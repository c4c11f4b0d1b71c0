"""Manifests that refer to another one (OCI Distribution 1.1, "Listing Referrers")."""

from __future__ import annotations

import json
from collections.abc import Sequence

from flask import Response

from registry_glance.api.call import Call
from registry_glance.api.document import document
from registry_glance.api.v2 import paging
from registry_glance.oci import manifest, media_types
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor
from registry_glance.oci.names import Repository


def get(call: Call, repository: Repository, digest: Digest) -> Response:
    """An index of the referrers by digest, one page of it; empty if there are none."""
    kind = call.query.get("artifactType")
    found = [
        one
        for one in call.store.referrers(repository, digest)
        if kind in (None, "", one.artifact_type)
    ]
    start, stop = paging.wanted(call, [str(one.digest) for one in found])
    stop = _fitting(found, start, stop, call.config.manifests.max_size)
    response = document(manifest.index(found[start:stop]), content_type=media_types.OCI_INDEX)
    if kind:
        response.headers["OCI-Filters-Applied"] = "artifactType"
    if start < stop < len(found):
        query = {"artifactType": kind} if kind else {}
        query |= {"n": str(paging.number(call)), "last": str(found[stop - 1].digest)}
        path = f"/v2/{repository}/referrers/{digest}"
        response.headers["Link"] = paging.link(path, **query)
    return response


def _fitting(found: Sequence[Descriptor], start: int, stop: int, limit: int) -> int:
    """Where to stop so that the index is no larger than a manifest; one always fits."""
    size = 0
    for position in range(start, stop):
        size += len(json.dumps(found[position].json()))
        if size > limit and position > start:
            return position
    return stop
