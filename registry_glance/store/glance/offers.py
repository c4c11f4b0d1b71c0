"""What other projects show to one: tags that are public, community's, or shared with it.

Glance decides who sees an image. A tag that the caller is shown offers its manifest, and all that
the manifest refers to, of its owner; nothing else of anybody does.
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
from registry_glance.store.glance import rows
from registry_glance.store.glance.ids import Ids
from registry_glance.store.glance.local import Local

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

    def tag(self, repository: Repository, tag: names.Tag) -> Offer:
        """The best offer of a tag. Raises ManifestUnknown."""
        name = f"{repository}:{tag}"
        return self._answers.get(f"offer {name}", lambda: self._look_up(name))

    def of(self, repository: Repository) -> list[Offer]:
        """What was offered of a repository when it was last looked: what was pulled comes first.

        Whether it still is, `stands` tells.
        """
        latest = [
            offer for row in self._hints.of(self._hint(repository.name)) for offer in self._at(row)
        ]
        listed = [one for one in self._listed() if one.repository == repository.name]
        return [*latest, *(offer for offer in listed if offer not in latest)]

    def stands(self, offer: Offer) -> bool:
        """Whether an offer has not been taken back."""
        return offer in self._at(offer.row)

    def names(self) -> list[str]:
        """The names of all tags that are offered, but for the community's."""
        return [offer.name for offer in self._listed() if offer.visibility != UNLISTED]

    def _look_up(self, name: str) -> Offer:
        # One by one: any number of the lower rank's rows does not hide one of the higher.
        for visibility in self._ranks:
            named = islice(self._caller.named(name, visibility=visibility), MOST_NAMED)
            for offer in self._accepted(self._best(named)):
                # What it refers to is looked for there first, by any worker.
                self._hints.add(self._hint(offer.repository), offer.row)
                return offer
        raise ManifestUnknown(detail={"tag": name.rpartition(":")[2]})

    def _listed(self) -> list[Offer]:
        """What Glance lists; to those who see all, only what everybody sees.

        Whether a share was accepted is not asked here: Glance lists no others.
        """
        wanted = ["all"]
        if self._sees_all:
            wanted = [one for one in rows.PUBLISHED if one in self._ranks]
        return self._answers.get_costly(
            LISTINGS[self._sees_all],
            lambda: self._best(row for one in wanted for row in self._caller.visible(one)),
        )

    def _at(self, row_id: str) -> list[Offer]:
        """What a row offers now: one, or nothing."""
        return self._answers.get(f"row {row_id}", lambda: self._ask(row_id))

    def _ask(self, row_id: str) -> list[Offer]:
        try:
            return list(self._accepted(self._best([self._caller.get(row_id)])))
        except Absent:
            return []

    def _best(self, found: Iterable[Row]) -> list[Offer]:
        """The offers among the rows: of each owner's rows of one name the highest."""
        best: dict[tuple[str, str], Offer] = {}
        for row in found:
            offer = self._offer(row)
            if offer:
                known = best.get((offer.owner, offer.name), offer)
                best[offer.owner, offer.name] = max(offer, known, key=lambda one: one.order)
        return sorted(best.values(), key=_rank)

    def _offer(self, row: Row) -> Offer | None:
        owner = str(row.get("owner"))
        if owner == self._ids.project or not self._ids.of(owner).is_genuine(row):
            return None
        tag = rows.tag(row)
        if tag is None or tag.visibility not in self._ranks or row.get("os_hidden"):
            return None
        if tag.name != tag.pushed_as:
            # Its owner has called it so in Glance: that is no name that anybody has accepted.
            return None
        return Offer(owner, tag.row, tag.name, tag.digest, tag.visibility, tag.order)

    def _accepted(self, offers: Iterable[Offer]) -> Iterator[Offer]:
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


def _rank(offer: Offer) -> tuple[int, str, str]:
    """Between strangers that offer the same, the order is arbitrary, but always the same."""
    return RANKS.index(offer.visibility), offer.owner, offer.name
