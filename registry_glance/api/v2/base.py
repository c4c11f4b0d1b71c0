"""What exists apart from any repository."""

from __future__ import annotations

from flask import Response

from registry_glance.api.call import Call, Request
from registry_glance.api.document import document


def version(call: Call) -> Response:
    """This registry speaks the API (OCI Distribution 1.1, "Determining Support")."""
    return document({})


def alive(request: Request) -> Response:
    """The process lives. Says nothing of Glance: restarting us would not mend it."""
    return document({"status": "ok"})


def home(request: Request) -> Response:
    """For whoever opens the address in a browser."""
    return document({"name": "registry-glance", "api": "/v2/"})
