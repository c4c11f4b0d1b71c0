"""The token endpoint: a password for a token (Docker's "Token Authentication Specification").

GET is the specification's own form, POST its OAuth2 form (RFC 6749, sections 4.3 and 6). The token
is Keystone's own, scoped to a project: what may be done with it, roles say, and not what a client
asks for as its scope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from flask import Response

from registry_glance.api.access import Access
from registry_glance.api.call import Request
from registry_glance.api.document import document
from registry_glance.api.keystone import TOKEN_PATH, quoted
from registry_glance.api.routes import Route, Verb
from registry_glance.auth.authority import ANONYMOUS_TOKEN, Authority
from registry_glance.auth.identity import ANONYMOUS, Identity
from registry_glance.config import Config
from registry_glance.errors import RegistryError, TooLarge, Unauthenticated

#: Largest form, in bytes.
FORM_LIMIT = 16 << 10
FORM_TYPE = "application/x-www-form-urlencoded"
#: Seconds after which a client without credentials asks again.
ANONYMOUS_LIFETIME = 300

Form = Mapping[str, str]


class FormInvalid(Exception):
    """A form that cannot be granted anything; `code` is OAuth2's (RFC 6749, section 5.2)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def routes(authority: Authority, config: Config) -> Sequence[Route]:
    """The endpoint's path and verbs."""
    endpoint = TokenEndpoint(authority, config)
    verbs = {"GET": Verb(endpoint.get, Access.NONE), "POST": Verb(endpoint.post, Access.NONE)}
    return (Route(rf"{TOKEN_PATH}/?", verbs),)


class TokenEndpoint:
    """Gives tokens out. Whatever is wrong with credentials, the answer is the same."""

    def __init__(self, authority: Authority, config: Config) -> None:
        self._authority = authority
        self._challenge = f'Basic realm={quoted(config.access.service)}, charset="UTF-8"'

    def get(self, request: Request) -> Response:
        """A token for Basic credentials; whatever the query says, it is the same one.

        No refresh token, though `offline_token` asks for one: clients would keep it in place of the
        password, and it ends with the token.
        """
        try:
            return _granted(self._bearer(request))
        except RegistryError as error:
            self._tell(error)
            raise

    def post(self, request: Request) -> Response:
        """A token for a password, or for a refresh token, which is one of Keystone's tokens."""
        try:
            form = _form(request)
            identity = self._grantee(form, request)
        except FormInvalid as error:
            return _refused(error)
        except RegistryError as error:
            self._tell(error)
            raise
        offline = form.get("access_type") == "offline" and identity is not ANONYMOUS
        more = {"refresh_token": identity.token} if offline else {}
        return _granted(identity, scope=form.get("scope", ""), **more)

    def _grantee(self, form: Form, request: Request) -> Identity:
        """Whom a form's grant belongs to. Raises FormInvalid, or what Authority raises."""
        match form.get("grant_type"):
            case "password" if "username" in form or "password" in form:
                username, password = form.get("username", ""), form.get("password", "")
                return self._authority.log_in(username, password, request.address)
            case "refresh_token":
                return self._authority.recognize(form.get("refresh_token", ""))
            case None | "password" if "Authorization" in request.headers:
                return self._bearer(request)
            case None:
                raise FormInvalid("invalid_request", "grant_type is missing")
            case "password":
                raise FormInvalid("invalid_request", "username and password are missing")
        raise FormInvalid("unsupported_grant_type", "grant_type must be password or refresh_token")

    def _bearer(self, request: Request) -> Identity:
        """Whom the Authorization header belongs to."""
        authorization = request.headers.get("Authorization")
        if authorization is None:
            return self._authority.recognize(ANONYMOUS_TOKEN)
        return self._authority.identify(authorization, request.address)

    def _tell(self, error: RegistryError) -> None:
        """Add what answers of this endpoint say beside the error."""
        error.headers["Cache-Control"] = "no-store"
        if isinstance(error, Unauthenticated):
            error.headers["WWW-Authenticate"] = self._challenge


def _form(request: Request) -> Form:
    """The body's fields (RFC 6749, appendix B): each at most once. Raises FormInvalid, TooLarge."""
    data = _read(request)
    given = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if data and given != FORM_TYPE:
        raise FormInvalid("invalid_request", f"the body must be {FORM_TYPE}")
    try:
        fields = parse_qsl(data.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise FormInvalid("invalid_request", "the form cannot be read") from None
    form = dict(fields)
    if len(form) < len(fields):
        raise FormInvalid("invalid_request", "a field is given twice")
    return form


def _read(request: Request) -> bytes:
    data = b""
    while piece := request.body.read(FORM_LIMIT + 1 - len(data)):
        data += piece
    if len(data) > FORM_LIMIT:
        raise TooLarge(f"a form may have {FORM_LIMIT} bytes")
    return data


def _granted(identity: Identity, **more: str) -> Response:
    """`issued_at` is now: clients add what is left to it, by whatever clock Keystone goes."""
    now = datetime.now(UTC)
    token = identity.token or ANONYMOUS_TOKEN
    lifetime = ANONYMOUS_LIFETIME
    if identity is not ANONYMOUS:
        lifetime = max(1, int((identity.expires - now).total_seconds()))
    return _unstored(
        {
            "token": token,
            "access_token": token,
            "expires_in": lifetime,
            "issued_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            **more,
        }
    )


def _refused(error: FormInvalid) -> Response:
    """OAuth2's own form of an error, and the registry's beside it."""
    entry = {"code": "UNSUPPORTED", "message": error.message}
    return _unstored(
        {"error": error.code, "error_description": error.message, "errors": [entry]}, status=400
    )


def _unstored(value: Any, status: int = 200) -> Response:
    """A document that nobody on the way may keep (RFC 6749, section 5.1)."""
    response = document(value, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response
