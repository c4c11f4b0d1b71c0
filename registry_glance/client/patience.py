"""How often a client tries again, and how long it waits between."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

#: Statuses that may be others a moment later.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Patience:
    """`tries` in a row without any progress; pauses in seconds, doubled up to `longest`."""

    tries: int = 6
    first: float = 0.5
    longest: float = 30.0
    sleep: Callable[[float], None] = time.sleep

    def pause(self, failures: int, retry_after: str | None = None) -> None:
        """Wait after the `failures`th failure in a row, as long as the registry says if it does.

        A registry cannot make us wait for more than `longest`.
        """
        wanted = _seconds(retry_after)
        if wanted is None:
            wanted = self.first * 2 ** (failures - 1) * random.uniform(0.8, 1.2)
        self.sleep(min(wanted, self.longest))


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After: seconds or a date (RFC 9110, section 10.2.3)."""
    text = (retry_after or "").strip()[:64]
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (until.astimezone(UTC) - datetime.now(UTC)).total_seconds())
