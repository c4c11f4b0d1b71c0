"""What exists apart from any repository."""

from __future__ import annotations

from flask import Response

from registry_glance.api.call import Call
from registry_glance.api.document import document


def version(call: Call) -> Response:
    """This registry speaks the API (OCI Distribution 1.1, "Determining Support")."""
    return document({})


def alive() -> Response:
    """The process lives. Says nothing of Glance: restarting us would not mend it."""
    return document({"status": "ok"})


def home() -> Response:
    """For whoever opens the address in a browser."""
    return document({"name": "registry-glance", "api": "/v2/"})
