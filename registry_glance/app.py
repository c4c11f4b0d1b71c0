"""The composition root: the one place that builds things."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from registry_glance.api.access import Gate, everybody
from registry_glance.api.dispatch import Dispatcher
from registry_glance.api.forwarded import Forwarded
from registry_glance.api.routes import ROUTES
from registry_glance.config import Config
from registry_glance.store.contract import Store


def build(config: Config) -> Flask:
    """The registry on Glance. To be called in the process that serves: sessions survive no fork.

    Asks nobody anything yet: a Keystone that is not there is each request's matter.
    """
    from registry_glance.store.glance import Connection

    stores = Connection(config)
    return create_app(config, lambda: stores().own())


def create_app(
    config: Config, store: Store | Callable[[], Store], gate: Gate | None = None
) -> Flask:
    """The registry on a store, or on what a function finds for each request.

    `gate` decides who is let in and what he sees; without one everybody sees `store`.
    """
    app = Flask("registry_glance", static_folder=None)
    app.before_request(Dispatcher(config, gate or everybody(store), ROUTES))
    app.wsgi_app = Forwarded(app.wsgi_app, config.proxies)  # type: ignore[method-assign]
    return app
