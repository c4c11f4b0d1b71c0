"""Behind proxies: who is believed about who asks, and how he reached us."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.api.client import Client
from tests.api.conftest import Start, serving

#: What the registry sees of a test: it comes from loopback, and is a proxy, or is not.
NEAR = "127.0.0.1"
OURS = ["127.0.0.0/8", "10.0.0.0/24", "2001:db8::/32"]


def short(value: object) -> str:
    """A test's name for one of its values."""
    return ascii(value)[:24]


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A registry that trusts us, and says what it makes of us."""
    with serving(tmp_path_factory) as start:
        yield start("mirror", proxies=OURS)[1]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A registry that trusts others, but not us."""
    with serving(tmp_path_factory) as start:
        yield start("mirror", proxies=["10.0.0.0/24", "::1"])[1]


def seen(client: Client, **headers: str) -> tuple[str, str]:
    """The address and the origin that a request is thought to have."""
    answer = client("GET", "/v2/_catalog", **headers)
    assert answer.status == 403, answer
    detail = answer.json["errors"][0]["detail"]
    return detail["address"], detail["origin"]


def test_a_proxy_is_believed(behind: Client) -> None:
    headers = {
        "X_Forwarded_For": "192.0.2.7",
        "X_Forwarded_Proto": "https",
        "X_Forwarded_Host": "registry.example:8443",
    }
    assert seen(behind, **headers) == ("192.0.2.7", "https://registry.example:8443")


def test_nobody_else_is_believed(alone: Client) -> None:
    headers = {
        "X_Forwarded_For": "10.0.0.1",
        "X_Forwarded_Proto": "https",
        "X_Forwarded_Host": "evil.example",
        "X_Forwarded_Port": "1",
        "X_Forwarded_Prefix": "/evil",
        "X_Forwarded_Ssl": "on",
        "X_Forwarded_Protocol": "ssl",
        "Forwarded": "for=10.0.0.1;proto=https;host=evil.example",
    }
    assert seen(alone, **headers) == (NEAR, f"http://{alone.address}")


def test_what_a_proxy_does_not_say_is_as_it_came(behind: Client) -> None:
    assert seen(behind) == (NEAR, f"http://{behind.address}")
    assert seen(behind, Host="registry.example") == (NEAR, "http://registry.example")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("2001:dead::7", "2001:dead::7"),
        ("[2001:dead::7]", "2001:dead::7"),
        ("[2001:dead::7]:4711", "2001:dead::7"),
        ("2001:DEAD:0::7", "2001:dead::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        # through several of our proxies
        ("192.0.2.7, 10.0.0.1", "192.0.2.7"),
        ("192.0.2.7, 10.0.0.1, 127.0.0.9, ::ffff:10.0.0.2, 2001:db8::1", "192.0.2.7"),
        # the first that is not ours may say what he likes of himself
        ("198.51.100.1, 192.0.2.7, 10.0.0.1", "192.0.2.7"),
        ("10.0.0.5, 192.0.2.7", "192.0.2.7"),
        # nobody but our proxies
        ("10.0.0.1, 10.0.0.2", "10.0.0.1"),
        # nonsense ends what can be believed
        ("nobody", NEAR),
        ("nobody, 10.0.0.1", "10.0.0.1"),
        ("192.0.2.7, unknown, 10.0.0.1", "10.0.0.1"),
        ("", NEAR),
        (",", NEAR),
        (" , ,,192.0.2.7", "192.0.2.7"),
        ("999.0.2.7", NEAR),
        ("192.0.2.7:", NEAR),
        ("192.0.2.7:99999999", NEAR),
        ("192.0.2", NEAR),
        ("127.1", NEAR),
        ("0x7f000001", NEAR),
        ("[192.0.2.7", NEAR),
        ("fe80::1%eth0", NEAR),
        ("fe80::1%\tx", NEAR),
        ("1.2.3.4/8", NEAR),
        ("<script>", NEAR),
        ("\xb2.0.0.1", NEAR),
        ("1" * 7000, NEAR),
        ("192.0.2.7" + ", 10.0.0.1" * 700, "192.0.2.7"),
        ("," * 7000, NEAR),
    ],
    ids=short,
)
def test_the_client_is_the_last_who_is_not_ours(behind: Client, header: str, expected: str) -> None:
    assert seen(behind, X_Forwarded_For=header)[0] == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("https", "https"),
        ("HTTPS", "https"),
        ("http", "http"),
        ("http, https", "https"),
        ("gopher", "http"),
        ("https, gopher", "http"),
        ("https://evil", "http"),
        ("javascript:", "http"),
        ("", "http"),
        ("https" * 1000, "http"),
    ],
    ids=short,
)
def test_a_scheme_is_http_or_https(behind: Client, header: str, expected: str) -> None:
    assert seen(behind, X_Forwarded_Proto=header)[1] == f"{expected}://{behind.address}"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("registry.example", "registry.example"),
        ("registry.example:443", "registry.example:443"),
        ("[2001:db8::1]:443", "[2001:db8::1]:443"),
        ("evil.example, registry.example", "registry.example"),
        ("registry.example/evil", None),
        ("user@evil.example", None),
        ('evil"example', None),
        ("evil example", None),
        ("registry.example:999999", None),
        ("[", None),
        ("registry.ex\xe4mple", None),
        ("x" * 7000, None),
        ("", None),
    ],
    ids=short,
)
def test_a_host_is_a_host(behind: Client, header: str, expected: str | None) -> None:
    origin = f"http://{expected or behind.address}"
    assert seen(behind, X_Forwarded_Host=header)[1] == origin


def test_proxies_in_a_row_say_each_their_word(behind: Client) -> None:
    """The outermost of our proxies knows how the client came; who is before it may lie."""
    headers = {
        "X_Forwarded_For": "198.51.100.1, 192.0.2.7, 10.0.0.1",
        "X_Forwarded_Proto": "gopher, https, http",
        "X_Forwarded_Host": "evil.example, registry.example, inner.example",
    }
    assert seen(behind, **headers) == ("192.0.2.7", "https://registry.example")


def test_one_word_is_enough_for_proxies_in_a_row(behind: Client) -> None:
    headers = {"X_Forwarded_For": "192.0.2.7, 10.0.0.1", "X_Forwarded_Proto": "https"}
    assert seen(behind, **headers) == ("192.0.2.7", f"https://{behind.address}")


def test_a_header_sent_twice_is_one_list(behind: Client) -> None:
    with behind.connect() as connection:
        connection.sendall(
            b"GET /v2/_catalog HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            b"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n"
        )
        assert b'"192.0.2.7"' in received(connection)


@pytest.mark.parametrize("line", [b"192.0.2.7\r\n 10.0.0.1", b"192.0.2.7\n10.0.0.1", b"1\x000"])
def test_a_broken_line_is_no_header(behind: Client, line: bytes) -> None:
    with behind.connect() as connection:
        connection.sendall(
            b"GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: " + line + b"\r\n\r\n"
        )
        assert received(connection).startswith(b"HTTP/1.1 400 ")


def test_an_underscore_is_no_hyphen(behind: Client) -> None:
    with behind.connect() as connection:
        connection.sendall(
            b"GET /v2/_catalog HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            b"X_Forwarded_For: 192.0.2.7\r\n\r\n"
        )
        assert b"192.0.2.7" not in received(connection)


def test_links_stay_on_the_way_that_the_client_came(start: Start) -> None:
    _, client = start(proxies=[NEAR])
    answer = client("POST", "/v2/a/blobs/uploads/", X_Forwarded_Host="x", X_Forwarded_Prefix="/x")
    assert answer["Location"].startswith("/v2/a/blobs/uploads/")


def received(connection: socket.socket) -> bytes:
    """All that comes until the end."""
    data = b""
    while piece := connection.recv(4096):
        data += piece
    return data
