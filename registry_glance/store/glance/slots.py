"""Rows that are found by what they are: computed IDs, and a way past those that are burnt.

The ID of a deleted row stays taken, and so does that of a row whose upload died in `saving`. So
every record has a run of IDs, its slots, seven at a time; the eighth of a window is a signpost,
set when all seven are used up, that sends readers on to the next window. One `id=in:` finds a
record however often it was deleted and pushed again, up to seven times; each further seven cost
one question more.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import count

from registry_glance.errors import Corrupt, RegistryError, Unavailable
from registry_glance.glance.client import Absent, Conflict, Row
from registry_glance.store.glance import rows
from registry_glance.store.glance.project import Project

log = logging.getLogger(__name__)

SLOTS = 7
#: Records that are found to be absent at most, when many are asked for: each costs a question.
MOST_ABSENT = 100
#: Seconds after which a row that failed is not tried again in another slot.
PATIENCE = 10
#: Seconds before the second try; doubled for each further one.
FIRST_PAUSE = 0.1

Parts = tuple[str, ...]


class Slots:
    """Finds and makes the rows of one project that have computed IDs."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._ids = project.ids

    def find(self, kind: str, *parts: str) -> list[Row]:
        """All rows of a record, complete or not, in the order of their slots."""
        found: list[Row] = []
        for window in count():
            ids, signpost = self._window(kind, parts, window)
            rows_by_id = {row["id"]: row for row in self._project.find([*ids, signpost])}
            found.extend(rows_by_id[row_id] for row_id in ids if row_id in rows_by_id)
            if signpost not in rows_by_id:
                return found
        raise AssertionError("unreachable")

    def find_first(self, kind: str, records: Iterable[Parts]) -> dict[Parts, Row]:
        """The first slot of many records in one question: most records never need another."""
        ids = {self._id(kind, parts, 0): parts for parts in records}
        return {ids[row["id"]]: row for row in self._project.find(list(ids))}

    def create(
        self,
        kind: str,
        parts: Parts,
        make: Callable[[str], dict[str, object]],
        is_live: Callable[[Row], bool],
        fill: Callable[[str], None] | None = None,
    ) -> Row:
        """The record's live row: one that is there, or a new one.

        `make` gives the row for an ID, `fill` writes its data. Of several that create the same
        record at once, one makes its row and the others get that, unless it takes data: then
        each may complete a row of its own, and all of them are right.
        """
        deadline, pause = time.monotonic() + PATIENCE, FIRST_PAUSE
        for row_id in self._free(kind, parts):
            try:
                row = self._project.create(make(row_id))
            except Conflict:
                existing = self._project.find([row_id])
                if existing and is_live(existing[0]):
                    return existing[0]
                continue
            if fill is None or self._filled(row_id, fill, deadline - pause):
                return row
            time.sleep(pause)
            pause *= 2
        raise AssertionError("unreachable")

    def _filled(self, row_id: str, fill: Callable[[str], None], deadline: float) -> bool:
        """Write a row's data; False if another slot is to be tried."""
        try:
            fill(row_id)
        except (Unavailable, Conflict, Corrupt, Absent) as error:
            discard(self._project, row_id)
            if time.monotonic() > deadline:
                raise Unavailable(f"cannot write row {row_id}: {error}") from error
            log.warning("row %s failed, trying another: %s", row_id, error)
            return False
        except RegistryError:
            discard(self._project, row_id)
            raise
        return True

    def _free(self, kind: str, parts: Parts) -> Iterator[str]:
        """IDs in which a record may be made, in order; sets signposts on the way."""
        window = 0
        while True:
            ids, signpost = self._window(kind, parts, window)
            yield from ids
            with suppress(Conflict):
                self._project.create(rows.new(signpost, "signpost"))
            window = max(window + 1, self._last(kind, parts, window))

    def _last(self, kind: str, parts: Parts, window: int) -> int:
        """The first window from this one on that has no signpost."""
        while self._project.find([self._window(kind, parts, window)[1]]):
            window += 1
        return window

    def _window(self, kind: str, parts: Parts, window: int) -> tuple[list[str], str]:
        first = window * (SLOTS + 1)
        ids = [self._id(kind, parts, first + slot) for slot in range(SLOTS + 1)]
        return ids[:SLOTS], ids[SLOTS]

    def _id(self, kind: str, parts: Parts, slot: int) -> str:
        return self._ids.row(kind, *parts, str(slot))


def remove(project: Project, row_id: str) -> None:
    """Delete a row, which may be gone already. Raises Denied if it is protected in Glance."""
    with suppress(Absent):
        project.delete(row_id)


def discard(project: Project, row_id: str) -> None:
    """Delete a row that nothing refers to; what cannot be deleted now is garbage, no error."""
    try:
        remove(project, row_id)
    except RegistryError as error:
        log.warning("row %s stays behind: %s", row_id, error)
