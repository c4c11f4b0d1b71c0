"""What a user name and a password say: who logs in, and to which project.

    USER[@DOMAIN][/PROJECT[@DOMAIN]]                with his password
    applicationcredential-ID                        with its secret
    applicationcredential-NAME@USER[@DOMAIN]        with its secret
    token                                           with a token of Keystone's

The first slash ends the user. The last `@` of a part begins its domain: so a name that has an `@`
itself, such as a mail address, is followed by its domain (`ann@example.org@Default`). A domain
that is left out is the default one; a project that is left out is the user's own default project.
A user called `token` logs in as `token@DOMAIN`.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from unicodedata import category

from registry_glance.errors import Unauthenticated

#: Longest user name and password, in characters. No password is longer than a token.
USERNAME_LIMIT, PASSWORD_LIMIT = 1024, 8192
#: A Basic header of these lengths, were each character 4 bytes.
HEADER_LIMIT = 4 * (USERNAME_LIMIT + PASSWORD_LIMIT) * 4 // 3

APPLICATION_CREDENTIAL = "applicationcredential-"
TOKEN = "token"


@dataclass(frozen=True, slots=True)
class Name:
    """A user's or a project's name in its domain."""

    name: str
    domain: str


@dataclass(frozen=True, slots=True)
class PasswordLogin:
    """A user on a project; None is his default one."""

    user: Name
    project: Name | None
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApplicationCredentialLogin:
    """An application credential, by its ID, or by its name among those of its user."""

    id: str | None
    name: str | None
    user: Name | None
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenLogin:
    """A token that exists already."""

    token: str = field(repr=False)


Credentials = PasswordLogin | ApplicationCredentialLogin | TokenLogin


def parse(username: str, password: str, default_domain: str) -> Credentials:
    """What they say. Raises Unauthenticated for what can be nobody's."""
    _require(_plausible(username, USERNAME_LIMIT) and _plausible(password, PASSWORD_LIMIT))
    if username == TOKEN:
        return TokenLogin(password)
    if username.startswith(APPLICATION_CREDENTIAL):
        rest = username.removeprefix(APPLICATION_CREDENTIAL)
        return _application_credential(rest, password, default_domain)
    user, slash, project = username.partition("/")
    return PasswordLogin(
        _name(user, default_domain), _name(project, default_domain) if slash else None, password
    )


def account(credentials: Credentials) -> str:
    """Whose credentials these are, whatever project and password come with them."""
    match credentials:
        case PasswordLogin(user=user):
            return f"{user.name}@{user.domain}".casefold()
        case ApplicationCredentialLogin(id=id_, name=name, user=user):
            owner = f"{name}@{user.name}@{user.domain}".casefold() if user else id_
            return f"{APPLICATION_CREDENTIAL}{owner}"
        case TokenLogin():
            return TOKEN


def parse_basic(parameter: str) -> tuple[str, str]:
    """User name and password of `Authorization: Basic PARAMETER` (RFC 7617, section 2).

    Raises Unauthenticated for anything but Base64 of UTF-8 with a colon.
    """
    _require(len(parameter) <= HEADER_LIMIT)
    try:
        text = base64.b64decode(parameter, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        # Without its cause: that would hold the bytes.
        raise Unauthenticated() from None
    username, colon, password = text.partition(":")
    _require(bool(colon))
    return username, password


def _application_credential(
    text: str, secret: str, default_domain: str
) -> ApplicationCredentialLogin:
    name, at, user = text.partition("@")
    _require(bool(name))
    if not at:
        return ApplicationCredentialLogin(name, None, None, secret)
    return ApplicationCredentialLogin(None, name, _name(user, default_domain), secret)


def _name(text: str, default_domain: str) -> Name:
    name, at, domain = text.rpartition("@")
    if not at:
        name, domain = text, default_domain
    _require(bool(name and domain))
    return Name(name, domain)


def _plausible(text: str, limit: int) -> bool:
    """Whether `text` is something at all, without control characters and halves of characters."""
    return 0 < len(text) <= limit and not any(category(one) in ("Cc", "Cs") for one in text)


def _require(condition: bool) -> None:
    if not condition:
        raise Unauthenticated()
