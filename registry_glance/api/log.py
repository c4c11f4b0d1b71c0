"""One line per request. No token, no query and no body is ever in it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from uuid import uuid4

from flask import Response

from registry_glance.api.content import Sent

logger = logging.getLogger("registry_glance.requests")

PATH_LIMIT = 400


def _new_id() -> str:
    return f"req-{uuid4().hex[:16]}"


@dataclass(slots=True)
class Line:
    """What is known of a request while it lasts. `path` as it came, still percent-encoded.

    `caller` is a short hash that stands for his token.
    """

    method: str
    path: str
    project: str = "-"
    caller: str = "-"
    id: str = field(default_factory=_new_id)
    begun: float = field(default_factory=time.monotonic)

    def write(self, response: Response) -> None:
        """Log the request; to be called when the last byte has been sent or given up."""
        logger.info(
            "%s %s %s %d %d %d %s %s",
            self.id,
            self.method[:16],
            printable(self.path),
            response.status_code,
            self._bytes(response),
            (time.monotonic() - self.begun) * 1000,
            self.project,
            self.caller,
        )

    def _bytes(self, response: Response) -> int:
        if self.method == "HEAD":
            return 0
        return response.sent if isinstance(response, Sent) else response.content_length or 0


def printable(text: str) -> str:
    """`text` from outside, on one line and of bearable length."""
    return text[:PATH_LIMIT].encode("unicode_escape").decode("ascii")
