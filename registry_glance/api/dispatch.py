"""From a request to its handler and back: paths, access, errors and the log, each once.

Werkzeug's routing is not used: it redirects (`//`, a missing slash), answers in HTML, and hands
out what `..` and percent-encoding were turned into.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from flask import Response, request
from werkzeug.datastructures import EnvironHeaders

from registry_glance.api.access import Access, Gate, Need
from registry_glance.api.body import RequestBody
from registry_glance.api.call import Request
from registry_glance.api.log import Line
from registry_glance.api.problems import problem, report
from registry_glance.api.routes import PARSERS, Route, Verb
from registry_glance.config import Config
from registry_glance.errors import NotFound, SizeInvalid, Unauthenticated, Unsupported
from registry_glance.oci.names import Repository

ORIGIN = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
HOST = re.compile(r"(?:[\w.-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(?::\d{1,5})?", re.ASCII)
COLON = re.compile(r"%3a", re.IGNORECASE)


class Dispatcher:
    """Answers every request, whatever it is. Raises nothing."""

    def __init__(self, config: Config, gate: Gate, routes: Sequence[Route]) -> None:
        self._config = config
        self._gate = gate
        self._routes = [(re.compile(route.path), route.verbs) for route in routes]

    def __call__(self) -> Response:
        """The answer to Flask's current request."""
        environ = request.environ
        line = Line(request.method, raw_path(environ))
        body = _body(environ)
        try:
            response = self._answer(line, body)
        except Exception as error:
            report(error, line.id)
            response = problem(error)
        if isinstance(body, RequestBody):
            body.drain()
        response.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
        response.headers["X-Request-Id"] = line.id
        response.call_on_close(lambda: line.write(response))
        return response

    def _answer(self, line: Line, body: RequestBody | SizeInvalid) -> Response:
        verb, texts = self._find(line.method, line.path)
        parts = {name: PARSERS[name](text) for name, text in texts.items()}
        if isinstance(body, SizeInvalid):
            raise body
        body.bound(self._config.limits.body)
        received = Request(
            config=self._config,
            headers=EnvironHeaders(request.environ),
            query=request.args,
            body=body,
            address=request.remote_addr or "",
            origin=origin(request.environ),
        )
        if verb.access is Access.NONE:
            return verb.handler(received)
        admission = self._gate(_need(received, verb.access, parts.get("repository")))
        line.project, line.caller = admission.project, admission.caller
        try:
            return verb.handler(received.admitted(admission.store), **parts)
        except Unauthenticated as error:
            error.headers.setdefault("WWW-Authenticate", admission.challenge)
            raise

    def _find(self, method: str, path: str) -> tuple[Verb, Mapping[str, str]]:
        """The verb that answers, and what the path says. Raises NotFound or Unsupported."""
        for pattern, verbs in self._routes:
            if match := pattern.fullmatch(path):
                return _verb(verbs, method), match.groupdict()
        raise NotFound()


def raw_path(environ: Mapping[str, Any]) -> str:
    """The request's path as it came, without its query.

    Nothing is decoded but the colon of a digest, which some clients encode: so `%2F` is no slash
    and `%2e%2e` no way up, and no proxy before us can have seen another path.
    """
    target = environ.get("RAW_URI") or quote(environ.get("PATH_INFO", ""), encoding="latin-1")
    path = ORIGIN.sub("", target.partition("?")[0], count=1) or "/"
    return COLON.sub(":", path)


def origin(environ: Mapping[str, Any]) -> str:
    """How the client reached us, such as `https://registry:5042`; what it says is its own matter.

    Our own name where it says nothing that could be a host.
    """
    host = environ.get("HTTP_HOST", "")
    if not HOST.fullmatch(host):
        host = f"{environ.get('SERVER_NAME')}:{environ.get('SERVER_PORT')}"
    return f"{environ.get('wsgi.url_scheme')}://{host}"


def _need(received: Request, access: Access, repository: Repository | None) -> Need:
    authorization = received.headers.get("Authorization")
    return Need(access, repository, authorization, received.address, received.origin)


def _body(environ: Mapping[str, Any]) -> RequestBody | SizeInvalid:
    try:
        return RequestBody.of(environ)
    except SizeInvalid as error:
        return error


def _verb(verbs: Mapping[str, Verb], method: str) -> Verb:
    """A HEAD is a GET whose body is left out, where the table does not say otherwise."""
    if method == "HEAD" and "GET" in verbs:
        return verbs.get("HEAD", verbs["GET"])
    if method not in verbs:
        allowed = sorted({*verbs, *(("HEAD",) if "GET" in verbs else ())})
        raise Unsupported(headers={"Allow": ", ".join(allowed)})
    return verbs[method]
