"""A registry in memory whose users are Keystone's: `python -m tests.auth.served CONFIG`.

Each project has a store of its own. A repository `forgotten` is one whose caller Glance refuses.
"""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from collections.abc import Sequence

from flask import Flask

from registry_glance.api.dispatch import Dispatcher
from registry_glance.api.keystone import gate
from registry_glance.api.routes import ROUTES
from registry_glance.api.token import routes
from registry_glance.auth.authority import Authority
from registry_glance.auth.identity import Identity
from registry_glance.config import Config, load
from registry_glance.errors import Unauthenticated
from registry_glance.oci.names import Repository
from registry_glance.server import serve
from registry_glance.store.memory import MemoryStore


class ProjectStore(MemoryStore):
    """The store in memory, behind a Glance that has its own mind about tokens."""

    def tags(self, repository: Repository) -> Sequence[str]:
        if str(repository) == "forgotten":
            raise Unauthenticated()
        return super().tags(repository)


def build(config: Config) -> Flask:
    """The registry, for one worker."""
    stores: dict[str, ProjectStore] = defaultdict(ProjectStore)
    one_at_a_time = threading.Lock()

    def store_of(identity: Identity) -> ProjectStore:
        with one_at_a_time:
            return stores[identity.project]

    authority = Authority(config)
    app = Flask("registry_glance", static_folder=None)
    every = (*routes(authority, config), *ROUTES)
    app.before_request(Dispatcher(config, gate(authority, store_of, config), every))
    return app


if __name__ == "__main__":
    sys.exit(serve(load(sys.argv[1], {}), build))
