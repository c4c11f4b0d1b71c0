"""The gate of a registry whose users are Keystone's (Docker's token authentication)."""

from __future__ import annotations

from collections.abc import Callable

from registry_glance.api.access import Access, Admission, Gate, Need
from registry_glance.auth.authority import Authority
from registry_glance.auth.identity import Identity
from registry_glance.config import Config
from registry_glance.errors import Unauthenticated
from registry_glance.store.contract import Store

#: Where clients log in.
TOKEN_PATH = "/auth/token"

#: What a challenge asks for ("Token Scope Documentation"): who pushes looks first, too.
ACTIONS = {Access.PULL: "pull", Access.PUSH: "pull,push", Access.DELETE: "delete"}


def gate(authority: Authority, stores: Callable[[Identity], Store], config: Config) -> Gate:
    """Let in whom Keystone knows and the policy allows, each to the store as he sees it.

    The gate raises Unauthenticated, with the challenge that tells clients where to log in; Denied,
    TooManyAttempts or Unavailable.
    """

    def admit(need: Need) -> Admission:
        told = challenge(need, config)
        try:
            identity = authority.identify(need.authorization, need.address)
            authority.check(identity, need.access)
            store = stores(identity)
        except Unauthenticated as error:
            error.headers["WWW-Authenticate"] = told
            raise
        return Admission(store, identity.project or "-", identity.fingerprint, told)

    return admit


def challenge(need: Need, config: Config) -> str:
    """WWW-Authenticate for somebody who must log in for what he wants (RFC 6750, section 3)."""
    realm = config.access.realm or need.origin + TOKEN_PATH
    parameters = {"realm": realm, "service": config.access.service, "scope": scope(need)}
    return "Bearer " + ",".join(
        f"{name}={quoted(text)}" for name, text in parameters.items() if text
    )


def scope(need: Need) -> str:
    """What is wanted, as token servers are told; "" for no more than being known."""
    if need.access is Access.CATALOG:
        return "registry:catalog:*"
    if need.repository is None or need.access not in ACTIONS:
        return ""
    return f"repository:{need.repository}:{ACTIONS[need.access]}"


def quoted(text: str) -> str:
    """A quoted-string (RFC 9110, section 5.6.4)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
