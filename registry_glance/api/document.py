"""JSON documents as answers."""

from __future__ import annotations

import json
from typing import Any

from flask import Response


def document(value: Any, *, status: int = 200, content_type: str = "application/json") -> Response:
    """`value` as JSON: ASCII only, so that no text from outside can be unencodable."""
    body = json.dumps(value, separators=(",", ":"))
    return Response(body, status, content_type=content_type)


def empty(status: int) -> Response:
    """An answer without a body, and so without a type."""
    response = Response(status=status)
    del response.headers["Content-Type"]
    return response
