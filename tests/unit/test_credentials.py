"""What a user name says, and what nobody's can be."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_glance.auth.credentials import (
    HEADER_LIMIT,
    PASSWORD_LIMIT,
    USERNAME_LIMIT,
    ApplicationCredentialLogin,
    Credentials,
    Name,
    PasswordLogin,
    TokenLogin,
    account,
    parse,
    parse_basic,
)
from registry_glance.errors import Unauthenticated

ANN = Name("ann", "Home")
MAIL = Name("ann@example.org", "Default")

TEXT = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="@/"), min_size=1, max_size=60
)


@pytest.mark.parametrize(
    ("username", "user", "project"),
    [
        ("ann", ANN, None),
        ("ann@Other", Name("ann", "Other"), None),
        ("ann/shop", ANN, Name("shop", "Home")),
        ("ann/shop@Other", ANN, Name("shop", "Other")),
        ("ann@Other/shop", Name("ann", "Other"), Name("shop", "Home")),
        ("ann@A/shop@B", Name("ann", "A"), Name("shop", "B")),
        ("ann@example.org", Name("ann", "example.org"), None),
        ("ann@example.org@Default/shop", MAIL, Name("shop", "Home")),
        ("ann/team/shop", ANN, Name("team/shop", "Home")),
        ("ann/team/shop@B", ANN, Name("team/shop", "B")),
        ("ann/sh@op@B", ANN, Name("sh@op", "B")),
        ("token@Home", Name("token", "Home"), None),
        ("Änn Müller", Name("Änn Müller", "Home"), None),
        ("applicationcredentials", Name("applicationcredentials", "Home"), None),
    ],
)
def test_a_user_and_his_project_are_read(username: str, user: Name, project: Name | None) -> None:
    assert parse(username, "secret", "Home") == PasswordLogin(user, project, "secret")


@pytest.mark.parametrize(
    ("username", "expected"),
    [
        ("token", TokenLogin("s")),
        ("applicationcredential-3f2a", ApplicationCredentialLogin("3f2a", None, None, "s")),
        ("applicationcredential-ci@ann", ApplicationCredentialLogin(None, "ci", ANN, "s")),
        (
            "applicationcredential-ci@ann@Other",
            ApplicationCredentialLogin(None, "ci", Name("ann", "Other"), "s"),
        ),
        (
            "applicationcredential-ci@ann@example.org@Default",
            ApplicationCredentialLogin(None, "ci", MAIL, "s"),
        ),
    ],
)
def test_other_ways_to_log_in_are_read(username: str, expected: Credentials) -> None:
    assert parse(username, "s", "Home") == expected


@pytest.mark.parametrize(
    "username",
    [
        *("", "/", "@", "@Home", "ann@", "/shop", "ann/", "ann/@Home", "ann/shop@", "@/shop"),
        *("ann@Home/", "applicationcredential-", "applicationcredential-@ann"),
        *("applicationcredential-ci@", "applicationcredential-ci@@Home"),
        *("an\x00n", "an\nn", "ann\x7f", "ann\x85", "ann\ud800", "a" * (USERNAME_LIMIT + 1)),
    ],
    ids=ascii,
)
def test_what_can_be_nobody_is_refused(username: str) -> None:
    with pytest.raises(Unauthenticated):
        parse(username, "secret", "Home")


@pytest.mark.parametrize(
    "password",
    ["", "a\x00b", "a\r\nb", "p" * (PASSWORD_LIMIT + 1)],
    ids=["", "nul", "crlf", "long"],
)
def test_what_can_be_no_password_is_refused(password: str) -> None:
    with pytest.raises(Unauthenticated):
        parse("ann", password, "Home")


@given(TEXT, TEXT, TEXT, TEXT)
def test_every_plain_name_can_be_written(user: str, home: str, project: str, other: str) -> None:
    read = parse(f"{user}@{home}/{project}@{other}", "s", "Default")
    assert read == PasswordLogin(Name(user, home), Name(project, other), "s")


@given(st.text(max_size=40), st.text(max_size=40))
def test_nothing_but_unauthenticated_is_ever_raised(username: str, password: str) -> None:
    with suppress(Unauthenticated):
        assert account(parse(username, password, "Home"))


@pytest.mark.parametrize("username", ["ann", "token", "applicationcredential-1"])
def test_secrets_are_not_shown(username: str) -> None:
    assert "s3cret" not in repr(parse(username, "s3cret", "Home"))


def test_an_account_is_one_however_it_is_written() -> None:
    spellings = ["ann", "ann@Home", "ANN@home", "ann/shop", "ann@Home/other@B"]
    assert {account(parse(one, "s", "Home")) for one in spellings} == {"ann@home"}
    others = ["ann@Other", "token", "applicationcredential-ann", "applicationcredential-ci@ann"]
    assert len({account(parse(one, "s", "Home")) for one in others} - {"ann@home"}) == 4


def basic(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


WHOLE = st.characters(exclude_categories=("Cs",))


@given(st.text(WHOLE).filter(lambda text: ":" not in text), st.text(WHOLE))
def test_basic_credentials_are_read(username: str, password: str) -> None:
    assert parse_basic(basic(f"{username}:{password}")) == (username, password)


@pytest.mark.parametrize(
    "parameter",
    [
        "",
        "*",
        "ann:secret",
        basic("ann"),
        basic("ann:secret").rstrip("="),
        basic("ann:secret") + " x",
        basic("ann:secret")[:4] + "\n" + basic("ann:secret")[4:],
        base64.b64encode(b"ann:\xff\xfe").decode(),
        base64.b64encode(b"ann:\xed\xa0\x80").decode(),
        "YW5uOn\u00e9=",
        basic("ann:" + "p" * HEADER_LIMIT),
    ],
    ids=[
        *("empty", "no-base64", "not-encoded", "no-colon", "no-padding", "more", "newline"),
        *("no-utf8", "surrogate", "no-ascii", "long"),
    ],
)
def test_what_is_not_basic_is_refused(parameter: str) -> None:
    with pytest.raises(Unauthenticated) as raised:
        parse_basic(parameter)
    assert raised.value.message == ""
    assert raised.value.__cause__ is None


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(parameter: str) -> None:
    try:
        username, _ = parse_basic(parameter)
    except Unauthenticated:
        return
    assert ":" not in username
