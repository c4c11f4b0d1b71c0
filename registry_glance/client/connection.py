"""HTTP to one registry: login, redirects, tries; statuses become errors by their number."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

from registry_glance import __version__
from registry_glance.client.challenge import challenge
from registry_glance.client.credentials import Logins
from registry_glance.client.errors import Absent, ClientError, LoginRefused, Refusal, Unreachable
from registry_glance.client.login import Login, Told
from registry_glance.client.patience import PASSING, Patience
from registry_glance.client.trust import Trust, is_loopback

#: Seconds to connect, and without a byte: a registry may be storing what it got.
TIMEOUT = (15, 300)
REDIRECTS = 5
#: How often one asks a registry that has never answered.
FIRST_TRIES = 2
#: Bytes of a document, an answer that is read as a whole.
LARGEST_DOCUMENT = 32 << 20
#: Characters of a registry's words that are passed on.
LONGEST_MESSAGE = 500


class Connection:
    """A registry as who logs in to it sees it. Safe for use by many threads."""

    def __init__(self, trust: Trust, logins: Logins, patience: Patience | None = None) -> None:
        self.trust = trust
        self.patience = patience or Patience()
        self._answered = False
        self._session = requests.Session()
        # Or ~/.netrc would be asked for logins, too.
        self._session.trust_env = False
        self._session.headers["User-Agent"] = f"registry-glance/{__version__}"
        self._session.verify = trust.cacert or os.environ.get("REQUESTS_CA_BUNDLE") or True
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=16))
        # One for whom nothing is to be remembered, on whatever port.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._login = Login(trust, logins, self._told)

    def send(
        self,
        method: str,
        path: str,
        *,
        scope: str = "",
        headers: Mapping[str, str] | None = None,
        data: Any = None,
    ) -> requests.Response:
        """The answer, whatever its status, with its body still to be read; asked once.

        `path` may be an address that the registry gave. Raises LoginRefused, Unreachable.
        """
        url = urljoin(self.trust.url, path)
        for _ in range(REDIRECTS + 1):
            answer = self._authorized(method, url, scope, dict(headers or {}), data)
            onward = answer.headers.get("Location") if answer.is_redirect else None
            if onward is None or method not in ("GET", "HEAD"):
                return answer
            finish(answer)
            url = urljoin(url, onward)
        raise Unreachable(f"{self.trust.registry} redirects without end")

    def ask(
        self,
        method: str,
        path: str,
        *,
        scope: str = "",
        headers: Mapping[str, str] | None = None,
        data: Any = None,
    ) -> requests.Response:
        """The same for what may be repeated: tried again while that may help; a good answer.

        Raises Refusal and its kinds, Unreachable.
        """
        failures = 0
        while True:
            failures += 1
            try:
                answer = self.send(method, path, scope=scope, headers=headers, data=data)
            except Unreachable:
                # Who has never been there is more likely a wrong name.
                if failures >= (self.patience.tries if self._answered else FIRST_TRIES):
                    raise
                self.patience.pause(failures)
                continue
            if is_good(answer):
                return answer
            if answer.status_code not in PASSING or failures >= self.patience.tries:
                raise self.refusal(answer)
            finish(answer)
            self.patience.pause(failures, answer.headers.get("Retry-After"))

    def document(self, method: str, path: str, *, scope: str = "", **more: Any) -> Document:
        """A good answer's whole body; raises as `ask`, and Unreachable for one without end."""
        failures = 0
        while True:
            answer = self.ask(method, path, scope=scope, **more)
            try:
                return Document(answer.headers, self._body(answer))
            except Unreachable:
                failures += 1
                if failures >= self.patience.tries:
                    raise
                self.patience.pause(failures)

    def refusal(self, answer: requests.Response) -> ClientError:
        """The error that an answer means, with the registry's own words."""
        status = answer.status_code
        try:
            code, message = _words(self._body(answer, 64 << 10))
        except Unreachable:
            code, message = "", ""
        message = message or f"{self.trust.registry} answered {status}"
        kind = {401: LoginRefused, 404: Absent}.get(status, Refusal)
        return kind(status, code or "UNKNOWN", message)

    def _authorized(
        self, method: str, url: str, scope: str, headers: dict[str, str], data: Any
    ) -> requests.Response:
        """Send a request, and again with a login if the registry itself asks for one."""
        own = self.trust.is_own(url)
        used = self._login.header(scope) if own else None
        answer = self._once(method, url, headers, used, data)
        asked = challenge(answer.headers.get("WWW-Authenticate"))
        if answer.status_code != 401 or not own or asked is None:
            return answer
        finish(answer)
        used = self._login.answer(asked, scope, used)
        return self._once(method, url, headers, used, data)

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], login: str | None, data: Any
    ) -> requests.Response:
        login_header = {"Authorization": login} if login else {}
        return self._bare(method, url, headers={**headers, **login_header}, data=data)

    def _told(self, method: str, url: str, **arguments: Any) -> Told:
        """What a token server says. Raises Unreachable."""
        answer = self._bare(method, url, **arguments)
        return Told(answer.status_code, self._body(answer, 1 << 20))

    def _bare(self, method: str, url: str, **arguments: Any) -> requests.Response:
        """One request, as it is. Raises Unreachable."""
        self.trust.check(url)
        host = urlsplit(url).hostname
        proxies = {} if is_loopback(host) else get_environ_proxies(url)
        try:
            answer = self._session.request(
                method,
                url,
                proxies=proxies,
                timeout=TIMEOUT,
                stream=True,
                allow_redirects=False,
                **arguments,
            )
        except (requests.RequestException, OSError) as error:
            raise self.unreachable(error) from None
        self._answered = True
        return answer

    def unreachable(self, error: Exception) -> Unreachable:
        """What a failed request is called; its own words may hold an address with a secret."""
        if isinstance(error, requests.exceptions.SSLError):
            return Unreachable(f"{self.trust.registry}: TLS failed: the certificate is not trusted")
        if isinstance(error, requests.Timeout):
            return Unreachable(f"{self.trust.registry} does not answer in time")
        return Unreachable(f"{self.trust.registry} cannot be reached, or has broken off")

    def _body(self, answer: requests.Response, limit: int = LARGEST_DOCUMENT) -> bytes:
        """A body of at most `limit` bytes. Raises Unreachable."""
        data = bytearray()
        try:
            for piece in answer.iter_content(1 << 16):
                data += piece
                if len(data) > limit:
                    raise Unreachable(f"{self.trust.registry} answers without end")
        except (requests.RequestException, OSError) as error:
            raise self.unreachable(error) from None
        finally:
            answer.close()
        return bytes(data)


class Document:
    """An answer's headers and whole body."""

    def __init__(self, headers: Mapping[str, str], body: bytes) -> None:
        self.headers = headers
        self.body = body

    def json(self) -> dict[str, Any]:
        """The JSON object that it is. Raises Unreachable."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise Unreachable("the registry has answered something else than JSON")
        return value


def is_good(answer: requests.Response) -> bool:
    """Whether it was done: not if it is to be asked for elsewhere, as `ok` has it."""
    return 200 <= answer.status_code < 300


def finish(answer: requests.Response) -> None:
    """Give up what is left of an answer; its connection is used again if that is little."""
    with suppress(requests.RequestException, HTTPError, OSError):
        answer.raw.read(1 << 16)
    answer.close()


def _words(body: bytes) -> tuple[str, str]:
    """The first error's code and message, on one line."""
    try:
        errors = json.loads(body)["errors"]
        first = errors[0]
        code, message = str(first.get("code") or ""), str(first.get("message") or "")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return "", ""
    return _printable(code)[:64], _printable(message)[:LONGEST_MESSAGE]


def _printable(text: str) -> str:
    """On one line, and nothing in it that a terminal would obey."""
    return "".join(one if one.isprintable() else " " for one in text).strip()
