"""From settings to stores: the cloud is found, and asked for nothing until the first request."""

from __future__ import annotations

import threading
import time

from registry_glance.config import Config
from registry_glance.errors import Unavailable
from registry_glance.glance.client import Glance
from registry_glance.glance.cloud import configured
from registry_glance.store.contract import Store
from registry_glance.store.glance import rows
from registry_glance.store.glance.claims import Claims
from registry_glance.store.glance.foreign import Foreign
from registry_glance.store.glance.ids import Ids
from registry_glance.store.glance.images import Images
from registry_glance.store.glance.key import shared_key
from registry_glance.store.glance.local import Local
from registry_glance.store.glance.named import NamedStore
from registry_glance.store.glance.offers import RANKS, Offers
from registry_glance.store.glance.project import Lender, Nobody, Project, Steward
from registry_glance.store.glance.queued import Queued
from registry_glance.store.glance.repositories import Repositories
from registry_glance.store.glance.seen import ALL, SHOWN, Seen
from registry_glance.store.glance.sharing import SharingStore
from registry_glance.store.glance.store import GlanceStore
from registry_glance.store.glance.writer import Writer

#: Seconds after a failure in which nobody tries again to connect.
PAUSE = 2


class Connection:
    """The stores of all projects, made when they are first needed.

    A Keystone or Glance that is not there at the start is no reason not to start.
    """

    def __init__(self, config: Config) -> None:
        """To be made in each worker: what it makes survives no fork."""
        self._config = config
        self._stores: Stores | None = None
        self._connecting = threading.Lock()
        self._failed = float("-inf")

    def __call__(self) -> Stores:
        """The stores. Raises Unavailable; for some seconds at once after a vain attempt."""
        if self._stores is None:
            with self._connecting:
                if self._stores is None:
                    self._connect()
        assert self._stores is not None
        return self._stores

    def _connect(self) -> None:
        if time.monotonic() < self._failed + PAUSE:
            raise Unavailable("Keystone or Glance was not there a moment ago")
        try:
            self._stores = connect(self._config)
        except Unavailable:
            self._failed = time.monotonic()
            raise


class Stores:
    """The store of each project, as somebody of it sees it; costs nothing to be asked for."""

    def __init__(self, registry: Glance, ids: Ids, local: Local) -> None:
        """`registry` is the door with our own credentials, `ids` those of our own project."""
        self._registry = registry
        self._ids = ids
        self._local = local

    def own(self) -> Store:
        """The store of the registry's own project."""
        project = Project(self._ids, self._registry, self._registry)
        # Everybody comes with our own credentials, to which Glance may show everything.
        seen = Seen(self._ids, self._registry, self._local.answers, rows.PUBLISHED)
        images = self._images(project, seen)
        return Repositories(NamedStore(project, self._local, images), images)

    def of(self, project: str, token: str, *, admin: bool = False) -> Store:
        """A project's store, and what others offer to it, for the holder of a token.

        `admin`: Glance shows him everything.
        """
        ids, caller = self._ids.of(project), self._registry.as_caller(token)
        offers = Offers(ids, caller, self._local, RANKS, sees_all=admin)
        strangers = ALL if admin else SHOWN
        seen = Seen(ids, caller, self._local.answers, strangers, sees_all=admin)
        return self._sharing(Project(ids, caller, self._registry), offers, seen)

    def public(self) -> Store:
        """What everybody may see."""
        nobody = Nobody(self._ids, self._registry)
        offers = Offers(nobody.ids, self._registry, self._local, ("public",), sees_all=True)
        seen = Seen(nobody.ids, self._registry, self._local.answers, ("public",))
        return self._sharing(nobody, offers, seen)

    def _sharing(self, project: Project, offers: Offers, seen: Seen) -> Store:
        images = self._images(project, seen)
        return Repositories(SharingStore(project, self._local, images, offers, self._lent), images)

    def _images(self, project: Project, seen: Seen) -> Images:
        own = GlanceStore(project, self._local)

        def keeper(owner: str) -> GlanceStore:
            return own if owner == project.ids.project else self._lent(owner)

        queued = Queued(project, seen, Writer(project, self._local.puts), Claims(project))
        foreign = Foreign(project.ids.project, keeper, self._steward, self._local.examiners)
        trees, copies = self._local.trees, self._local.copies
        return Images(project, own, seen, queued, foreign, keeper, trees, copies)

    def _steward(self, project: str) -> GlanceStore:
        return GlanceStore(Steward(self._ids.of(project), self._registry), self._local)

    def _lent(self, project: str) -> GlanceStore:
        return GlanceStore(Lender(self._ids.of(project), self._registry), self._local)


def connect(config: Config) -> Stores:
    """The stores that `config` describes.

    Raises CloudInvalid for unusable credentials, Unavailable if Keystone or Glance is not there.
    """
    registry = open_door(config)
    project = registry.project()
    key = bytes.fromhex(config.ids.key) if config.ids.key else shared_key(registry, project)
    return Stores(registry, Ids(key, project), Local.made(config))


def open_door(config: Config) -> Glance:
    """Glance with the registry's own credentials, not yet used. Raises CloudInvalid."""
    return Glance(
        configured(config.cloud), timeout=config.glance.timeout, retries=config.glance.retries
    )
