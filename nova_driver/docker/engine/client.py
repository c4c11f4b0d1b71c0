"""The Docker Engine's HTTP API: calls, and which version of it is spoken."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPResponse, IncompleteRead
from typing import Any
from urllib.parse import quote, urlencode

from .connection import UnixConnection, translated
from .errors import EngineError, Failed, Garbled, Incompatible, Unavailable, error
from .stream import Stream

Version = tuple[int, int]
#: What is sent as it is, all at once or bit by bit; anything else is sent as JSON.
Raw = bytes | Iterator[bytes]

#: Engine 20.10, and the last version whose changes were read (Engine API, "API version history")
LOWEST: Version = (1, 41)
HIGHEST: Version = (1, 52)
#: Where every Engine says which versions it speaks, whatever the client speaks.
GREETING = "/version"
#: bytes of an answer that is no stream
LARGEST = 64 << 20
UNIX = "unix://"


class Engine:
    """A Docker Engine behind a unix socket; each call has a connection of its own.

    Every method raises an EngineError. Being in the wanted state already (304) is no error.
    """

    def __init__(self, host_url: str, timeout: float) -> None:
        """`timeout`: seconds without a byte of an answer. Raises ValueError for no unix:///path."""
        if not host_url.startswith(f"{UNIX}/"):
            raise ValueError(f"{host_url!r} is not of the form unix:///path")
        self._path = host_url.removeprefix(UNIX)
        self._timeout = timeout
        self._version: Version | None = None

    @property
    def version(self) -> Version:
        """The version of the API that both sides speak, agreed on when it is needed first."""
        if self._version is None:
            self._version = agreed(self._json("GET", GREETING, {}, None, self._timeout))
        return self._version

    def get(self, path: str, *, headers: Mapping[str, str] | None = None, **query: object) -> Any:
        """What the Engine says of `path`."""
        return self._json("GET", self._versioned(path), query, None, self._timeout, headers)

    def post(self, path: str, body: object = None, *, patience: float = 0, **query: object) -> Any:
        """Do what `path` names; `patience`: seconds it may take beyond the usual."""
        timeout = self._timeout + patience
        return self._json("POST", self._versioned(path), query, body, timeout)

    def put(self, path: str, content: Raw, /, **query: object) -> None:
        """Put a tarball to `path`."""
        self._json("PUT", self._versioned(path), query, content, self._timeout)

    def delete(self, path: str, **query: object) -> None:
        """Remove what `path` names."""
        self._json("DELETE", self._versioned(path), query, None, self._timeout)

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        /,
        *,
        timeout: float | None,
        headers: Mapping[str, str] | None = None,
        content: Raw | None = None,
        **query: object,
    ) -> Iterator[Stream]:
        """The answer as it comes; `timeout`: seconds of silence, None for any."""
        url = self._versioned(path)
        answered = self._answered(method, url, query, content, timeout, headers)
        with answered as (response, connection):
            yield Stream(response, connection)

    def follow(
        self,
        path: str,
        *,
        timeout: float,
        headers: Mapping[str, str] | None = None,
        content: Raw | None = None,
        **query: object,
    ) -> None:
        """Do what `path` names and follow its progress.

        `timeout`: seconds without progress. What fails after its 200 raises Failed.
        """
        streamed = self.stream(
            "POST", path, timeout=timeout, headers=headers, content=content, **query
        )
        with streamed as progress:
            for step in progress.objects():
                if "errorDetail" in step or "error" in step:
                    raise Failed(" ".join(str(step.get("error")).split()))

    def _versioned(self, path: str) -> str:
        major, minor = self.version
        return f"/v{major}.{minor}{path}"

    def _json(
        self,
        method: str,
        path: str,
        query: Mapping[str, object],
        body: object,
        timeout: float,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        answered = self._answered(method, path, query, body, timeout, headers)
        with answered as (response, _), translated():
            content = response.read(LARGEST)
            return json.loads(content) if content else None

    @contextmanager
    def _answered(
        self,
        method: str,
        path: str,
        query: Mapping[str, object],
        body: object,
        timeout: float | None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[tuple[HTTPResponse, socket.socket]]:
        """The answer, before its body is read. Raises what its status means."""
        url = quote(path, safe="/:@") + (f"?{urlencode(_plain(query))}" if query else "")
        sent = {"Content-Type": _media_type(body), **(headers or {})}
        with closing(UnixConnection(self._path, timeout)) as connection:
            try:
                with translated():
                    connection.request(method, url, _encoded(body), sent)
                    # Kept: the connection lets go of its socket when the answer is to end it.
                    kept = connection.sock
                    response = connection.getresponse()
                    _check_head(response)
            except Unavailable:
                # It may come back as another version.
                self._version = None
                raise
            with closing(response):
                if response.status >= 400:
                    raise _refusal(response)
                yield response, kept


def agreed(greeting: Any) -> Version:
    """The highest version that both sides speak. Raises Incompatible, or Garbled."""
    if not isinstance(greeting, dict):
        raise Garbled("an Engine that does not say its version")
    newest, oldest = _version(greeting.get("ApiVersion")), _version(greeting.get("MinAPIVersion"))
    if newest < LOWEST or oldest > HIGHEST:
        raise Incompatible(
            f"the Engine speaks its API {_text(oldest)} to {_text(newest)}, "
            f"this driver {_text(LOWEST)} to {_text(HIGHEST)}"
        )
    return min(newest, HIGHEST)


def _version(text: object) -> Version:
    found = re.fullmatch(r"(\d{1,3})\.(\d{1,3})", text) if isinstance(text, str) else None
    if found is None:
        raise Garbled("an Engine that does not say its version")
    return int(found[1]), int(found[2])


def _text(version: Version) -> str:
    return "{}.{}".format(*version)


def _plain(query: Mapping[str, object]) -> dict[str, str]:
    """Values as the Engine reads them: filters are JSON, booleans 0 or 1."""
    return {
        name: json.dumps(value) if isinstance(value, Mapping) else _scalar(value)
        for name, value in query.items()
    }


def _scalar(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _media_type(body: object) -> str:
    return "application/x-tar" if isinstance(body, bytes | Iterator) else "application/json"


def _encoded(body: object) -> Iterable[bytes] | bytes | None:
    if body is None or isinstance(body, bytes | Iterator):
        return body
    return json.dumps(body).encode()


def _check_head(response: HTTPResponse) -> None:
    """Raise IncompleteRead for a head that broke off: http.client takes what there is of it."""
    if response.length is None and not response.chunked:
        raise IncompleteRead(b"")


def _refusal(response: HTTPResponse) -> EngineError:
    """The error of an answer; its body says why, if it is the Engine's."""
    with translated():
        content = response.read(LARGEST)
    try:
        words = str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        words = ""
    return error(response.status, words)
