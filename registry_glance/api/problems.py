"""Errors as answers (OCI Distribution 1.1, "Error Codes"): the one place that knows how."""

from __future__ import annotations

import logging
from typing import Any

from flask import Response

from registry_glance.api.document import document
from registry_glance.errors import (
    UNKNOWN,
    Answer,
    ManifestBlobUnknown,
    RegistryError,
    answer,
)

logger = logging.getLogger("registry_glance.problems")


def problem(error: Exception) -> Response:
    """What a client is told of `error`. What is not the client's business is left out."""
    row = answer(error)
    response = document({"errors": _entries(error, row)}, status=row.status)
    if isinstance(error, RegistryError):
        response.headers.extend(error.headers)
    return response


def report(error: Exception, request_id: str) -> None:
    """Log what an operator should know of: faults of ours in full, the store's in one line."""
    row = answer(error)
    if row is UNKNOWN:
        logger.error("%s failed", request_id, exc_info=error)
    elif row.status >= 500:
        logger.error("%s %s: %s", request_id, row.code, error or row.message)


def _entries(error: Exception, row: Answer) -> list[dict[str, Any]]:
    if not isinstance(error, RegistryError) or row.status >= 500:
        # What failed behind us, and where it is, is for the log.
        return [_entry(row, "", None)]
    if isinstance(error, ManifestBlobUnknown) and isinstance(error.detail, list):
        return [_entry(row, error.message, {"digest": str(one)}) for one in error.detail]
    return [_entry(row, error.message, error.detail)]


def _entry(row: Answer, message: str, detail: Any) -> dict[str, Any]:
    entry = {"code": row.code, "message": message or row.message}
    return entry if detail is None else {**entry, "detail": detail}
