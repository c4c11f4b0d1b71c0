"""Logging in to a registry when it asks for it, and only then (Docker's token authentication)."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Callable
from typing import Any, NamedTuple

from registry_glance.client.challenge import Challenge
from registry_glance.client.credentials import Credentials, Logins
from registry_glance.client.errors import LoginRefused, Unreachable
from registry_glance.client.trust import Trust

#: Names us to token servers, which may list it to the user.
CLIENT_ID = "registry-glance"


class Told(NamedTuple):
    """What a token server has answered."""

    status: int
    body: bytes


#: Sends a request to a token server: method, address, then what `requests` takes.
Send = Callable[..., Told]


class Login:
    """What has been given out to us for one registry. Safe for use by many threads."""

    def __init__(self, trust: Trust, logins: Logins, send: Send) -> None:
        """`logins` is asked at most once."""
        self._trust = trust
        self._logins = logins
        self._send = send
        self._lock = threading.Lock()
        self._asked = False
        self._credentials: Credentials | None = None
        self._headers: dict[str, str] = {}

    def header(self, scope: str) -> str | None:
        """The Authorization for requests of this scope, as far as it is known."""
        return self._headers.get(scope)

    def answer(self, challenge: Challenge, scope: str, refused: str | None) -> str:
        """The Authorization that a challenge asks for; `refused` is the one that did not do.

        Raises LoginRefused.
        """
        with self._lock:
            known = self._headers.get(scope)
            if known is None or known == refused:
                known = self._headers[scope] = self._new(challenge, scope)
            return known

    def _new(self, challenge: Challenge, scope: str) -> str:
        credentials = self._own()
        if challenge.scheme == "bearer":
            return f"Bearer {self._token(challenge, scope, credentials)}"
        if credentials is None or not credentials.username:
            raise LoginRefused(401, "UNAUTHORIZED", f"log in to {self._trust.registry} first")
        self._check(self._trust.url)
        return _basic(credentials)

    def _own(self) -> Credentials | None:
        if not self._asked:
            self._credentials = self._logins(self._trust.registry)
            self._asked = True
        return self._credentials

    def _token(self, challenge: Challenge, scope: str, own: Credentials | None) -> str:
        """Ask the realm; without credentials, for what anybody may do."""
        self._trust.check(challenge.realm)
        if own is not None:
            self._check(challenge.realm)
        # What the registry names may be less than what is needed: a mount reads elsewhere, too.
        scopes = list(dict.fromkeys([*challenge.scope.split(), *scope.split()]))
        if own is not None and own.refresh:
            form = {
                "grant_type": "refresh_token",
                "refresh_token": own.refresh,
                "service": challenge.service,
                "client_id": CLIENT_ID,
                "scope": " ".join(scopes),
            }
            answer = self._send("POST", challenge.realm, data=form)
        else:
            query = [("service", challenge.service), *(("scope", one) for one in scopes)]
            headers = {"Authorization": _basic(own)} if own else {}
            answer = self._send("GET", challenge.realm, params=query, headers=headers)
        return _granted(answer, self._trust.registry, known=own is not None)

    def _check(self, url: str) -> None:
        if not self._trust.may_see_credentials(url):
            told = f"{self._trust.registry} wants a login, which is never sent without TLS"
            raise LoginRefused(401, "UNAUTHORIZED", told)


def _basic(credentials: Credentials) -> str:
    text = f"{credentials.username}:{credentials.password}"
    return f"Basic {b64encode(text.encode()).decode()}"


def _granted(answer: Told, registry: str, *, known: bool) -> str:
    """The token in a token server's answer."""
    if answer.status in (400, 401, 403):
        told = "refuses the credentials" if known else "wants a login: use docker login, or options"
        raise LoginRefused(401, "UNAUTHORIZED", f"{registry} {told}")
    try:
        said: Any = json.loads(answer.body) if answer.status == 200 else None
    except (ValueError, RecursionError):
        said = None
    token = (said.get("token") or said.get("access_token")) if isinstance(said, dict) else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise Unreachable(f"{registry}'s token server gave no token ({answer.status})")
    return token
