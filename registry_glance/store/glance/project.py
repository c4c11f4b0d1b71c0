"""One project's rows in Glance: sealed when made, and nothing without their seal when found."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from registry_glance.errors import Denied, RegistryError
from registry_glance.glance.client import Absent, Glance, Member, Row, Sized
from registry_glance.store.glance.ids import Ids

log = logging.getLogger(__name__)

T = TypeVar("T")


class Project:
    """A project, as somebody of it sees it; methods are those of the door to Glance.

    Rows are asked for with `caller`, his credentials, which decide what there is. Their data is
    read with `registry`, the registry's own: Glance does not give data to readers. `view` names
    what is seen in this way, for what is remembered of it.
    """

    view = "own"

    def __init__(self, ids: Ids, caller: Glance, registry: Glance) -> None:
        self.ids = ids
        self._caller = caller
        self._registry = registry

    def create(self, row: Mapping[str, object]) -> Row:
        """See Glance.create."""
        return self._caller.create(self.ids.sealed(row))

    def find(self, row_ids: Sequence[str]) -> list[Row]:
        """See Glance.find."""
        return [row for row in self._caller.find(row_ids) if self.ids.is_genuine(row)]

    def named(self, name: str) -> list[Row]:
        """See Glance.named."""
        found = self._caller.named(name, owner=self.ids.project)
        # To some databases `V1` and `v1` are the same.
        return [row for row in found if row["name"] == name and self.ids.is_genuine(row)]

    def called(self, names: Sequence[str]) -> Iterator[Row]:
        """The rows of these names, whoever has made them; see Glance.named."""
        found = self._caller.named(*names, owner=self.ids.project)
        return (row for row in found if row["name"] in names)

    def shown(self) -> Iterator[Row]:
        """The rows that are not hidden, whoever has made them; see Glance.rows."""
        return self._caller.rows(owner=self.ids.project, hidden=False)

    def rows(self, *, hidden: bool, largest: int | None = None) -> Iterator[Row]:
        """See Glance.rows."""
        found = self._caller.rows(owner=self.ids.project, hidden=hidden, largest=largest)
        return (row for row in found if self.ids.is_genuine(row))

    def get(self, row_id: str) -> Row:
        """See Glance.get."""
        return self._caller.get(row_id)

    def update(
        self, row_id: str, changes: Mapping[str, object], without: Iterable[str] = ()
    ) -> None:
        """See Glance.update."""
        self._caller.update(row_id, changes, without)

    def update_once(
        self, row_id: str, changes: Mapping[str, object], without: Iterable[str] = ()
    ) -> None:
        """See Glance.update_once."""
        self._caller.update_once(row_id, changes, without)

    def delete(self, row_id: str) -> None:
        """See Glance.delete."""
        self._caller.delete(row_id)

    def write(self, row_id: str, body: Sized) -> None:
        """See Glance.write."""
        self._caller.write(row_id, body)

    def read(self, row_id: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """See Glance.read; as the caller where the registry has no right of its own."""
        return self._as_registry(lambda glance: glance.read(row_id, start, stop))

    def has_ranges(self, row_id: str) -> bool:
        """See Glance.has_ranges."""
        return self._as_registry(lambda glance: glance.has_ranges(row_id))

    def share(self, row_id: str, like: str, *, accepted: bool) -> None:
        """Share a row with those whom the row `like` is shared with.

        `accepted`: what they have answered for a row of this name is answered again for them, if
        the registry may do that. For another name they did not: its owner has renamed it.
        """
        for member in self._caller.members(like):
            self._caller.add_member(row_id, member.project)
            if accepted and member.status != PENDING:
                self._answer(row_id, member)

    def ping(self) -> None:
        """Raise Unavailable unless Keystone answers."""
        self._registry.project()

    def _as_registry(self, call: Callable[[Glance], T]) -> T:
        try:
            return call(self._registry)
        except (Absent, Denied):
            if self._registry is self._caller:
                raise
            return call(self._caller)

    def _answer(self, row_id: str, member: Member) -> None:
        try:
            self._registry.answer_for(row_id, member)
        except RegistryError as error:
            log.warning("%s has to accept row %s anew: %s", member.project, row_id, error)


class Lender(Project):
    """A project that others read what it shows them of; it is changed by nobody here."""

    view = "lent"

    def __init__(self, ids: Ids, registry: Glance) -> None:
        super().__init__(ids, registry, registry)

    def create(self, row: Mapping[str, object]) -> Row:
        raise Denied()

    def update(
        self, row_id: str, changes: Mapping[str, object], without: Iterable[str] = ()
    ) -> None:
        raise Denied()

    def update_once(
        self, row_id: str, changes: Mapping[str, object], without: Iterable[str] = ()
    ) -> None:
        raise Denied()

    def delete(self, row_id: str) -> None:
        raise Denied()

    def write(self, row_id: str, body: Sized) -> None:
        raise Denied()


class Steward(Project):
    """A project in whose name the registry writes, with its own credentials.

    Glance lets those do so who are its admins, such as the registry; its quotas are then those of
    the registry's own project.
    """

    view = "stewarded"

    def __init__(self, ids: Ids, registry: Glance) -> None:
        super().__init__(ids, registry, registry)

    def create(self, row: Mapping[str, object]) -> Row:
        return super().create({**row, "owner": self.ids.project})


class Nobody(Lender):
    """The project of those who have none: it is empty."""

    def __init__(self, ids: Ids, registry: Glance) -> None:
        super().__init__(ids.of(""), registry)

    def find(self, row_ids: Sequence[str]) -> list[Row]:
        return []

    def named(self, name: str) -> list[Row]:
        return []

    def called(self, names: Sequence[str]) -> Iterator[Row]:
        return iter(())

    def shown(self) -> Iterator[Row]:
        return iter(())

    def rows(self, *, hidden: bool, largest: int | None = None) -> Iterator[Row]:
        return iter(())


#: A member's status as long as it has not answered.
PENDING = "pending"
