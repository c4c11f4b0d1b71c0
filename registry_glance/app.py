"""The composition root: the one place that builds things."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Flask

from registry_glance.api.access import Gate, everybody
from registry_glance.api.dispatch import Dispatcher
from registry_glance.api.forwarded import Forwarded
from registry_glance.api.routes import ROUTES, Route
from registry_glance.config import Config
from registry_glance.store.contract import Store

#: Roles to whose holders Glance shows every image (its rule context_is_admin), in lower case.
ADMINS = {"admin", "image_registry"}


def build(config: Config) -> Flask:
    """The registry on Glance. To be called in the process that serves: sessions survive no fork.

    Asks nobody anything yet: a Keystone that is not there is each request's matter.
    """
    if config.auth == "keystone":
        return _build_for_tenants(config)
    from registry_glance.store.glance import Connection

    stores = Connection(config)
    return create_app(config, lambda: stores().own())


def _build_for_tenants(config: Config) -> Flask:
    # Not above: Keystone's libraries are large, and trying out needs none of them.
    from registry_glance.api import token
    from registry_glance.api.keystone import gate
    from registry_glance.auth.authority import Authority
    from registry_glance.auth.identity import ANONYMOUS, Identity
    from registry_glance.store.glance import Connection

    stores, authority = Connection(config), Authority(config)

    def store(identity: Identity) -> Store:
        if identity is ANONYMOUS:
            return stores().public()
        admin = not ADMINS.isdisjoint(role.lower() for role in identity.roles)
        return stores().of(identity.project, identity.token, admin=admin)

    routes = token.routes(authority, config)
    return _app(config, gate(authority, store, config), [*ROUTES, *routes])


def create_app(
    config: Config, store: Store | Callable[[], Store], gate: Gate | None = None
) -> Flask:
    """The registry on a store, or on what a function finds for each request.

    `gate` decides who is let in and what he sees; without one everybody sees `store`.
    """
    return _app(config, gate or everybody(store), ROUTES)


def _app(config: Config, gate: Gate, routes: Sequence[Route]) -> Flask:
    app = Flask("registry_glance", static_folder=None)
    app.before_request(Dispatcher(config, gate, routes))
    app.wsgi_app = Forwarded(app.wsgi_app, config.proxies)  # type: ignore[method-assign]
    return app
