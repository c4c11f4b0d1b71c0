"""From settings to a store: the cloud is found, and asked for nothing until the first request."""

from __future__ import annotations

import threading
import time

from registry_glance.cache.answers import Answers
from registry_glance.cache.blobs import BlobCache
from registry_glance.cache.epochs import Epochs
from registry_glance.config import Config
from registry_glance.errors import Unavailable
from registry_glance.glance.client import Glance
from registry_glance.glance.cloud import Cloud, from_clouds_yaml
from registry_glance.spool.permits import Permits
from registry_glance.spool.pieces import Spool
from registry_glance.spool.sessions import Sessions
from registry_glance.store.glance.blobs import Blobs
from registry_glance.store.glance.ids import Ids
from registry_glance.store.glance.key import shared_key
from registry_glance.store.glance.manifests import Manifests
from registry_glance.store.glance.pieces import Pieces
from registry_glance.store.glance.progress import Progress
from registry_glance.store.glance.referrers import Referrers
from registry_glance.store.glance.slots import Slots
from registry_glance.store.glance.store import GlanceStore
from registry_glance.store.glance.tags import Tags
from registry_glance.store.glance.uploads import Uploads
from registry_glance.store.glance.writer import Writer

#: Seconds after a failure in which nobody tries again to connect.
PAUSE = 2


class Connection:
    """The store of the registry's own project, made when it is first needed.

    A Keystone or Glance that is not there at the start is no reason not to start.
    """

    def __init__(self, config: Config) -> None:
        """To be made in each worker: what it makes survives no fork."""
        self._config = config
        self._store: GlanceStore | None = None
        self._connecting = threading.Lock()
        self._failed = float("-inf")

    def __call__(self) -> GlanceStore:
        """The store. Raises Unavailable; at once while another request tries to connect in vain."""
        if self._store is None:
            with self._connecting:
                if self._store is None:
                    self._connect()
        assert self._store is not None
        return self._store

    def _connect(self) -> None:
        if time.monotonic() < self._failed + PAUSE:
            raise Unavailable("Keystone or Glance was not there a moment ago")
        try:
            self._store = connect(self._config)
        except Unavailable:
            self._failed = time.monotonic()
            raise


def connect(config: Config) -> GlanceStore:
    """The store that `config` describes.

    Raises CloudInvalid for unusable credentials, Unavailable if Keystone or Glance is not there.
    """
    glance = open_door(config)
    project = glance.project()
    key = bytes.fromhex(config.ids.key) if config.ids.key else shared_key(glance, project)
    return build(config, glance, Ids(key, project))


def open_door(config: Config) -> Glance:
    """Glance with the registry's own credentials, not yet used. Raises CloudInvalid."""
    return Glance(_cloud(config), timeout=config.glance.timeout, retries=config.glance.retries)


def build(config: Config, glance: Glance, ids: Ids) -> GlanceStore:
    """The store of the project that `ids` and `glance` belong to."""
    state = config.state
    spool, cache = state / "spool", BlobCache(state / "cache", config.cache.size)
    answers = Answers(Epochs(state / "cache" / "epochs"), config.cache.staleness)
    slots = Slots(glance, ids)
    writer = Writer(glance, Permits(spool / "puts", config.glance.puts))
    reads = Permits(spool / "gets", config.glance.gets)
    blobs = Blobs(glance, ids, slots, answers, cache, reads, spool)
    manifests = Manifests(glance, slots, writer, answers, cache)
    room = Spool(spool, config.spool.size // config.workers, config.glance.piece_size)
    pieces = Pieces(glance, ids, room, writer, config.glance.puts)
    sessions, progress = Sessions(spool / "uploads"), Progress(glance, ids, blobs)
    sessions.sweep()
    uploads = Uploads(glance, ids, blobs, cache, room, sessions, pieces, progress)
    return GlanceStore(
        glance,
        ids.project,
        blobs,
        uploads,
        manifests,
        Referrers(glance, ids, answers, manifests),
        Tags(glance, writer, answers, ids.project),
    )


def _cloud(config: Config) -> Cloud:
    settings = config.cloud
    if not settings.auth:
        return from_clouds_yaml(settings.name, settings.config_file)
    return Cloud(
        auth=settings.auth,
        auth_type=settings.auth_type,
        region=settings.region,
        interface=settings.interface,
        verify=settings.cacert or settings.verify,
    )
