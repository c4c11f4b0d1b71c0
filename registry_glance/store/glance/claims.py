"""Claims: of several that fill an image at once, one may; creating a row decides who.

Glance's PATCH reads a row, and saves all of it: one that has read `queued` and saves after another
one's data came puts the row back to `queued`, with its bytes there, and nobody can fill it again.
So whoever fills an image makes a claim first, by the one atomic step that Glance has.

A claim that its maker did not give up, since he died or does not know what Glance has done, counts
for `LIFETIME`. He himself begins nothing after `TIME`: what he began has the rest of it to arrive.
Age is told by Glance's clock when it was made, and by ours now: these may be 30 s apart.
"""

from __future__ import annotations

import logging
import secrets
import time
from datetime import UTC, datetime

from registry_glance.errors import RegistryError, Unavailable
from registry_glance.glance.client import Row
from registry_glance.store.glance import rows
from registry_glance.store.glance.project import Project
from registry_glance.store.glance.slots import Slots, discard

log = logging.getLogger(__name__)

#: Seconds after which the maker of a claim begins nothing any more.
TIME = 15
#: Seconds that a claim counts: with what Glance may still be doing, and clocks that differ.
LIFETIME = 60


class Claim:
    """The right to fill an image, alone."""

    def __init__(self, row_id: str, until: float) -> None:
        """`until` is a moment of `time.monotonic`."""
        self.row = row_id
        self.until = until

    def check(self) -> None:
        """Raise Unavailable if nothing may be begun any more."""
        if time.monotonic() > self.until:
            raise Unavailable("Glance is too slow to fill this image")


class Claims:
    """The claims on one project's images."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._slots = Slots(project)

    def make(self, image: str) -> Claim | None:
        """A claim, or None while another one counts. Raises Denied if no rows can be made."""
        until, maker = time.monotonic() + TIME, secrets.token_hex(16)
        row = self._slots.create(
            "claim", (image,), lambda row_id: rows.new_claim(row_id, image, maker), _counts
        )
        return Claim(row["id"], until) if row.get("oci_maker") == maker else None

    def give_up(self, claim: Claim, image: str) -> None:
        """Let others make one; removes also those that count no more."""
        discard(self._project, claim.row)
        try:
            left = [row["id"] for row in self._slots.find("claim", image) if not _counts(row)]
        except RegistryError as error:
            log.warning("claims on %s stay behind: %s", image, error)
            return
        for row_id in left:
            discard(self._project, row_id)


def _counts(row: Row) -> bool:
    made = datetime.fromisoformat(row["created_at"])
    return (datetime.now(UTC) - made).total_seconds() < LIFETIME
