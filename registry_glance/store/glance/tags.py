"""Tags: visible rows named `repository:tag`, of which the one with the highest serial counts.

Where none was pushed or renamed to a name, other images that are called so in Glance have it.

A push makes a new row, nameless and hidden, and one PATCH gives it name and visibility: that is
the commit. Then every named row below the highest loses its name. Nobody ever takes the name
from the highest, so however many push at once, one row has it in the end, and never none.
"""

from __future__ import annotations

import logging
import uuid
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import NamedTuple

from registry_glance.cache.answers import Answers
from registry_glance.errors import Denied, ManifestUnknown, RegistryError
from registry_glance.glance.client import Absent, Row
from registry_glance.oci import names
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Manifest
from registry_glance.oci.names import Repository
from registry_glance.store.glance import naming, rows
from registry_glance.store.glance.naming import Image
from registry_glance.store.glance.project import Project
from registry_glance.store.glance.slots import discard, remove
from registry_glance.store.glance.writer import Small, Writer

log = logging.getLogger(__name__)

#: What a list of all names is remembered as.
LISTING = "names of all tags"
#: The same, of the latest rows: where a digest is looked for. Some 5 s.
RECENT = "names of the latest tags"
MOST_RECENT = 5000
#: The row keeps its data, so that a server booted from it can be rebuilt.
NAMELESS = {"name": None, "os_hidden": True}


@dataclass(frozen=True, slots=True)
class Draft:
    """A tag's next row: without data and name yet, but with the visibility of the row before."""

    name: str
    row: str
    before: rows.Tag | None


class Listing(NamedTuple):
    """All names that mean tags, sorted; and by repository the images that were not pushed to it."""

    names: list[str]
    images: dict[str, list[Image]]


class Tags:
    """The tags of one project's repositories."""

    def __init__(self, project: Project, writer: Writer, answers: Answers, images: Answers) -> None:
        """`images` are answers about rows by their ID."""
        self._project = project
        self._writer = writer
        self._answers = answers
        self._images = images

    def find(self, repository: Repository, tag: names.Tag) -> rows.Tag:
        """The tag's row. Raises ManifestUnknown."""
        found = self.meant(repository, tag)
        if isinstance(found, Image):
            raise ManifestUnknown(detail={"tag": tag.name})
        return found

    def meant(self, repository: Repository, tag: names.Tag) -> rows.Tag | Image:
        """The tag's row; without one, the image that is called so. Raises ManifestUnknown."""
        name = _name(repository, tag)
        return self._answers.get(name, lambda: self._look_up(name))

    def called_now(self, repository: Repository, tag: names.Tag) -> Image:
        """The image that has a tag's name now, if no tag was pushed. Raises ManifestUnknown."""
        found = self._look_up(_name(repository, tag))
        if isinstance(found, Image):
            return found
        raise ManifestUnknown(detail={"tag": tag.name})

    def called(self, row_id: str) -> Image | None:
        """What a row of the project is called in Glance; None if that is no tag."""
        return self._answers.get(f"called {row_id}", lambda: self._ask(row_id))

    def images(self, repository: Repository) -> list[Image]:
        """Images that are called like tags of the repository, and not pushed to it.

        Among the latest rows of the project, as they were when it was last looked.
        """
        listing = self._answers.get_costly(RECENT, lambda: self._list(MOST_RECENT))
        return listing.images.get(repository.name, [])

    @contextmanager
    def drafts(
        self, repository: Repository, tags: Iterable[names.Tag], manifest: Manifest
    ) -> Iterator[list[Draft]]:
        """Begin to make tags point to a manifest, those that do not yet.

        What is still in the list at the end is given up. Raises Denied if a tag is protected, or
        published and the caller may publish nothing: better now than after the data.
        """
        drafts: list[Draft] = []
        try:
            for tag in tags:
                drafts.extend(self._draft(_name(repository, tag), manifest))
            yield drafts
        finally:
            for draft in drafts:
                discard(self._project, draft.row)

    def commit(self, draft: Draft, manifest: Manifest) -> None:
        """Make the tag point to the manifest, for those who see the row before."""
        try:
            self._publish(draft, manifest)
            self._mended(draft.name)
        finally:
            self.forget(draft.name)

    def delete(self, repository: Repository, tag: names.Tag) -> None:
        """Remove the tag's rows. Raises ManifestUnknown, or Denied if one is protected."""
        name = _name(repository, tag)
        found = self._named(name)
        if not found:
            raise ManifestUnknown(detail={"tag": tag.name})
        self._remove(name, found)

    def check_removable(self, repository: Repository, digest: Digest) -> None:
        """Raise Denied if a tag that points to `digest` is protected."""
        for _, found in self._pointing_to(repository, digest):
            for tag in found:
                _check_protection(tag)

    def delete_all(self, repository: Repository, digest: Digest) -> None:
        """Remove every tag of the repository that points to `digest`."""
        for name, found in self._pointing_to(repository, digest):
            self._remove(name, found)

    def names(self, repository: Repository) -> list[str]:
        """The repository's tags, sorted."""
        prefix = repository.name + ":"
        listed = self._listed().names
        start = bisect_left(listed, prefix)
        found = takewhile(lambda name: name.startswith(prefix), islice(listed, start, None))
        return [name.removeprefix(prefix) for name in found]

    def repositories(self) -> set[str]:
        """Names of the repositories that have tags."""
        return {name.partition(":")[0] for name in self._listed().names}

    def _draft(self, name: str, manifest: Manifest) -> list[Draft]:
        named = self._project.named(name)
        tags = _tags(named)
        before = self._mend(tags) if tags else None
        if before is not None and before.digest == manifest.digest:
            self.forget(name)
            return []
        _check_protection(before)
        row_id, visibility = str(uuid.uuid4()), before.visibility if before else "shared"
        # Above those of rows that are deactivated, and may come back.
        serial = 1 + max((rows.number(row, "oci_serial") or 0 for row in named), default=0)
        row = rows.new_tag(row_id, name, manifest, serial, visibility)
        try:
            self._project.create(row)
        except Denied:
            if visibility not in rows.PUBLISHED:
                raise
            raise Denied(f"the tag is {visibility} in Glance, and you may not publish") from None
        return [Draft(name, row_id, before)]

    def _publish(self, draft: Draft, manifest: Manifest) -> None:
        """Fill the row and give it its name, or remove it."""
        try:
            self._writer.write(draft.row, Small(manifest.body))
            visibility = self._visibility(draft.before)
            if draft.before is not None and visibility == {"visibility": "shared"}:
                same = draft.before.pushed_as == draft.name
                self._project.share(draft.row, draft.before.row, accepted=same)
            self._project.update(draft.row, {"name": draft.name, "os_hidden": False, **visibility})
        except RegistryError:
            discard(self._project, draft.row)
            raise

    def _visibility(self, before: rows.Tag | None) -> dict[str, str]:
        """What the row before has now, as a change of a row: it may have been taken back."""
        try:
            return {"visibility": self._project.get(before.row)["visibility"]} if before else {}
        except Absent:
            return {}

    def _mended(self, name: str) -> rows.Tag | None:
        """The highest row of a name, after the lower ones have lost it."""
        found = self._named(name)
        return self._mend(found) if found else None

    def _mend(self, found: list[rows.Tag]) -> rows.Tag:
        *lower, highest = sorted(found, key=_order)
        for tag in lower:
            try:
                self._project.update(tag.row, NAMELESS)
                self._images.forget(tag.row)
            except Absent:
                log.debug("row %s is gone", tag.row)
        return highest

    def _look_up(self, name: str) -> rows.Tag | Image:
        found = list(self._project.called(naming.spellings(name)))
        pushed = [row for row in found if self._is_tag(row) and row["name"] == name]
        tags = _tags(pushed)
        if tags:
            return self._highest(tags)
        # A tag that is deactivated in Glance leaves its name to nobody.
        image = naming.first(one for row in pushed or found if (one := naming.image(row)))
        if image is None:
            raise ManifestUnknown(detail={"tag": name.rpartition(":")[2]})
        return image

    def _highest(self, found: list[rows.Tag]) -> rows.Tag:
        """The highest row of a name; what a push that died has left is mended on sight."""
        with suppress(RegistryError):
            return self._mend(found)
        return max(found, key=_order)

    def _ask(self, row_id: str) -> Image | None:
        try:
            row = self._project.get(row_id)
        except Absent:
            return None
        image = naming.image(row)
        return image if image and image.owner == self._project.ids.project else None

    def _named(self, name: str) -> list[rows.Tag]:
        return _tags(self._project.named(name))

    def forget(self, name: str) -> None:
        """Tell that the rows of a name have changed."""
        self._answers.forget(name)
        self._answers.forget(LISTING)

    def _remove(self, name: str, found: Iterable[rows.Tag]) -> None:
        """Lowest first: nothing older may show up for a moment."""
        try:
            for tag in sorted(found, key=_order):
                _check_protection(tag)
                remove(self._project, tag.row)
                self._images.forget(tag.row)
        finally:
            self.forget(name)

    def _listed(self) -> Listing:
        """What is called like a tag; Glance can only list all rows."""
        return self._answers.get(LISTING, self._list)

    def _list(self, most: int | None = None) -> Listing:
        found: set[str] = set()
        images: dict[str, list[Image]] = {}
        for row in islice(self._project.shown(), most):
            if name := naming.meaning(row["name"]):
                found.add(name)
            if image := naming.unpushed(row, self._project.ids):
                images.setdefault(image.repository, []).append(image)
        return Listing(sorted(found), images)

    def _is_tag(self, row: Row) -> bool:
        return row.get("oci_kind") == "tag" and self._project.ids.is_genuine(row)

    def _by_name(self, prefix: str) -> dict[str, list[rows.Tag]]:
        """All tags whose name begins so, as they are now."""
        found: dict[str, list[rows.Tag]] = {}
        for tag in self._all():
            if tag.name.startswith(prefix) and ":" in tag.name:
                found.setdefault(tag.name, []).append(tag)
        return found

    def _pointing_to(
        self, repository: Repository, digest: Digest
    ) -> Iterator[tuple[str, list[rows.Tag]]]:
        for name, found in self._by_name(repository.name + ":").items():
            if max(found, key=_order).digest == digest:
                yield name, found

    def _all(self) -> Iterator[rows.Tag]:
        for row in self._project.rows(hidden=False):
            tag = rows.tag(row)
            if tag is not None:
                yield tag


def _tags(found: Iterable[Row]) -> list[rows.Tag]:
    return [tag for row in found if (tag := rows.tag(row))]


def _check_protection(tag: rows.Tag | None) -> None:
    if tag is not None and tag.protected:
        raise Denied("the tag is protected in Glance", detail={"tag": tag.name})


def _name(repository: Repository, tag: names.Tag) -> str:
    return f"{repository}:{tag}"


def _order(tag: rows.Tag) -> tuple[int, str]:
    return tag.order
