"""Rows of Glance by their ID, as somebody sees them.

Glance decides who sees a row: also one that is shared with him and that he has not accepted yet,
as it does when he boots a server from it. He has named it by its ID, so nobody can have put
another one in its place.
"""

from __future__ import annotations

from collections.abc import Iterable

from registry_glance.cache.answers import Answers
from registry_glance.glance.client import Absent, Glance, Row
from registry_glance.store.glance import rows
from registry_glance.store.glance.ids import Ids

#: Of strangers' rows, those that Glance shows to whom they are shown; to admins, all.
SHOWN = ("shared", *rows.PUBLISHED)
ALL = ("private", *SHOWN)
#: What answers about rows by their ID are named in; all who see a row forget it together.
IMAGES = "images"


class Seen:
    """The rows that one project is shown."""

    def __init__(
        self,
        ids: Ids,
        caller: Glance,
        answers: Answers,
        strangers: Iterable[str],
        *,
        sees_all: bool = False,
    ) -> None:
        """`strangers`: visibilities of other projects' rows without which these are not shown.

        `sees_all`: Glance shows the caller everything; what he saw is remembered for such alone.
        """
        self._ids = ids
        self._caller = caller
        self._answers = answers.of(IMAGES).as_seen_by(f"{ids.project} {sees_all}")
        self._strangers = frozenset(strangers)

    def is_own(self, row: Row) -> bool:
        """Whether the row is the project's."""
        return bool(row.get("owner") == self._ids.project)

    def recent(self, row_id: str) -> Row:
        """A row with data, as it was a moment ago. Raises Absent."""
        return self._answers.get(row_id, lambda: self._active(row_id))

    def ask(self, row_id: str) -> Row:
        """A row as it is now. Raises Absent."""
        row = self._caller.get(row_id)
        if not self.is_own(row) and row.get("visibility") not in self._strangers:
            raise Absent()
        return row

    def holder(self, row: Row) -> rows.Holder | None:
        """The manifest that the row holds; None if it does not, or was not made by us."""
        holder = rows.holder(row)
        return holder if holder and self.is_genuine(row) else None

    def is_genuine(self, row: Row) -> bool:
        """Whether the registry has made the row, in whatever project."""
        return self._ids.of(str(row.get("owner"))).is_genuine(row)

    def forget(self, row_id: str) -> None:
        """Tell everybody that a row has changed."""
        self._answers.forget(row_id)

    def _active(self, row_id: str) -> Row:
        row = self.ask(row_id)
        if not rows.is_active(row):
            raise Absent()
        return row
