"""What other projects show to one: tags that are public, community's, or shared with it.

Glance decides who sees an image. A tag that the caller is shown offers its manifest, and all that
the manifest refers to, of its owner. An image that is called like a tag, and that nobody has
pushed as one, offers what can be pulled of it by its ID. Nothing else of anybody does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from registry_glance.errors import Denied, ManifestUnknown
from registry_glance.glance.client import Absent, Glance, Member, Row
from registry_glance.oci import names
from registry_glance.oci.digest import Digest
from registry_glance.oci.names import Repository
from registry_glance.store.glance import naming, rows
from registry_glance.store.glance.ids import Ids
from registry_glance.store.glance.local import Local
from registry_glance.store.glance.naming import Image

#: Visibilities by which a stranger's tag is offered, the best first. What a project was offered
#: and has accepted comes before what is offered to all; a member of any project may make an image
#: community's.
RANKS = ("shared", *rows.PUBLISHED)
#: What a list of everything leaves out, as Glance's own does.
UNLISTED = "community"
#: What a listing is remembered as, by whether its caller sees all: theirs is another one.
LISTINGS = {True: "offers to all", False: "offers"}
#: Offers of one name for which it is asked whether the project has accepted them. To admins
#: Glance shows what is shared with anybody.
MOST_ASKED = 20
#: Rows of one name and visibility that are looked at.
MOST_NAMED = 1000


class Offer(NamedTuple):
    """A tag of another project."""

    owner: str
    row: str
    name: str
    digest: Digest
    visibility: str
    order: tuple[int, str]

    @property
    def repository(self) -> str:
        """The name without the tag."""
        return self.name.rpartition(":")[0]


#: What is offered: by a push, or by a name in Glance alone.
Offered = Offer | Image


class Listing(NamedTuple):
    """What was offered when it was last looked; and the project's own images, seen on the way."""

    offers: list[Offered]
    own: list[Image]


class Offers:
    """What one project is offered, as somebody of it sees it."""

    def __init__(
        self, ids: Ids, caller: Glance, local: Local, ranks: Sequence[str], *, sees_all: bool
    ) -> None:
        """Offers of other visibilities than `ranks` are none.

        `sees_all`: Glance shows the caller everything, so that he has to ask what is shared.
        """
        self._ids = ids
        self._caller = caller
        self._answers = local.answers.of(ids.project)
        self._hints = local.hints
        self._ranks = ranks
        self._sees_all = sees_all

    def tag(self, repository: Repository, tag: names.Tag) -> Offered:
        """The best offer of a tag. Raises ManifestUnknown."""
        name = f"{repository}:{tag}"
        return self._answers.get(f"offer {name}", lambda: self._look_up(name))

    def of(self, repository: Repository) -> list[Offer]:
        """What was offered of a repository when it was last looked: what was pulled comes first.

        Whether it still is, `stands` tells.
        """
        latest = [one for one in self._latest(repository) if isinstance(one, Offer)]
        listed = [one for one in self._listed_of(repository) if isinstance(one, Offer)]
        return [*latest, *(offer for offer in listed if offer not in latest)]

    def latest_images(self, repository: Repository) -> list[Image]:
        """Images that were pulled by tags of a repository, as far as they still are called so."""
        latest = [one for one in self._latest(repository) if isinstance(one, Image)]
        return [one for one in latest if one.repository == repository.name]

    def images(self, repository: Repository) -> list[Image]:
        """Images that were called like tags of a repository when it was last looked."""
        return [one for one in self._listed_of(repository) if isinstance(one, Image)]

    def own_images(self, repository: Repository) -> list[Image] | None:
        """Of the project's own those that were not pushed; None to those who see all.

        Their listing has no others than what everybody sees.
        """
        if self._sees_all:
            return None
        return [one for one in self._listed().own if one.repository == repository.name]

    def stands(self, offer: Offered) -> bool:
        """Whether an offer has not been taken back."""
        return offer in self._at(offer.row)

    def names(self) -> list[str]:
        """The names of all tags that are offered, but for the community's."""
        return [one.name for one in self._listed().offers if one.visibility != UNLISTED]

    def _latest(self, repository: Repository) -> list[Offered]:
        hinted = self._hints.of(self._hint(repository.name))
        return [offer for row in hinted for offer in self._at(row)]

    def _listed_of(self, repository: Repository) -> list[Offered]:
        return [one for one in self._listed().offers if one.repository == repository.name]

    def _look_up(self, name: str) -> Offered:
        # One by one: any number of the lower rank's rows does not hide one of the higher.
        spellings = naming.spellings(name)
        for visibility in self._ranks:
            named = islice(self._caller.named(*spellings, visibility=visibility), MOST_NAMED)
            # To some databases `V1` and `v1` are the same.
            offers = [one for one in self._best(named) if one.name == name]
            for offer in self._accepted(offers):
                # What it refers to is looked for there first, by any worker.
                self._hints.add(self._hint(offer.repository), offer.row)
                return offer
        raise ManifestUnknown(detail={"tag": name.rpartition(":")[2]})

    def _listed(self) -> Listing:
        """What Glance lists; to those who see all, only what everybody sees.

        Whether a share was accepted is not asked here: Glance lists no others.
        """
        wanted = ["all"]
        if self._sees_all:
            wanted = [one for one in rows.PUBLISHED if one in self._ranks]
        return self._answers.get_costly(LISTINGS[self._sees_all], lambda: self._list(wanted))

    def _list(self, wanted: Iterable[str]) -> Listing:
        own: list[Image] = []

        def others() -> Iterator[Row]:
            for row in (row for one in wanted for row in self._caller.visible(one)):
                if row.get("owner") != self._ids.project:
                    yield row
                elif image := naming.unpushed(row, self._ids):
                    own.append(image)

        return Listing(self._best(others()), own)

    def _at(self, row_id: str) -> list[Offered]:
        """What a row offers now: one, or nothing."""
        return self._answers.get(f"row {row_id}", lambda: self._ask(row_id))

    def _ask(self, row_id: str) -> list[Offered]:
        try:
            return list(self._accepted(self._best([self._caller.get(row_id)])))
        except Absent:
            return []

    def _best(self, found: Iterable[Row]) -> list[Offered]:
        """The offers among the rows: of each owner's rows of one name the one that has it."""
        best: dict[tuple[str, str], Offered] = {}
        for row in found:
            offer = self._offer(row)
            if offer:
                known = best.get((offer.owner, offer.name), offer)
                best[offer.owner, offer.name] = _better(offer, known)
        return sorted(best.values(), key=_rank)

    def _offer(self, row: Row) -> Offered | None:
        owner = str(row.get("owner"))
        if owner == self._ids.project or row.get("visibility") not in self._ranks:
            return None
        tag = rows.tag(row) if self._ids.of(owner).is_genuine(row) else None
        if tag is None:
            return naming.image(row) if rows.is_active(row) else None
        if tag.name != tag.pushed_as or row.get("os_hidden"):
            # Its owner has called it so in Glance: that is no name that anybody has accepted.
            return None
        return Offer(owner, tag.row, tag.name, tag.digest, tag.visibility, tag.order)

    def _accepted(self, offers: Iterable[Offered]) -> Iterator[Offered]:
        """Those that are no shares, or that the project has accepted.

        Asked for, whoever asks: a row that is looked up by its ID is shown to members who have
        rejected it, too, and to admins that of everybody.
        """
        asked = 0
        for offer in offers:
            if offer.visibility == "shared":
                asked += 1
                if asked > MOST_ASKED or not self._has_accepted(offer.row):
                    continue
            yield offer

    def _has_accepted(self, row_id: str) -> bool:
        try:
            return Member(self._ids.project, "accepted") in self._caller.members(row_id)
        except (Absent, Denied):
            return False

    def _hint(self, repository: str) -> str:
        return f"{self._ids.project} {repository}"


def _better(one: Offered, other: Offered) -> Offered:
    """Which of two of one owner has the name: what was pushed, and last; of others the first."""
    if isinstance(one, Offer):
        return max(one, other, key=lambda tag: tag.order) if isinstance(other, Offer) else one
    return other if isinstance(other, Offer) else min(one, other, key=lambda image: image.order)


def _rank(offer: Offered) -> tuple[int, bool, str, str]:
    """Of one visibility what was pushed comes first, then the first image.

    Between strangers that have pushed the same, the order is arbitrary, but always the same.
    """
    rank = RANKS.index(offer.visibility)
    if isinstance(offer, Image):
        return rank, True, *offer.order
    return rank, False, offer.owner, offer.name
