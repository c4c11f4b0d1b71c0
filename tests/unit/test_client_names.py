"""How users name images and platforms, and what registries ask of who is not logged in."""

from __future__ import annotations

import pytest

from registry_glance.client.challenge import Challenge, challenge
from registry_glance.client.errors import ClientError, Usage
from registry_glance.client.platform import Platform
from registry_glance.client.reference import Reference
from registry_glance.client.trust import Trust

DIGEST = "sha256:" + "0" * 64
IMAGE = "glance/82668284-c62d-402c-bc00-fc82c84200de"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("hipache", "here:5042/hipache:latest"),
        ("hipache:1", "here:5042/hipache:1"),
        ("team/app:1.2", "here:5042/team/app:1.2"),
        ("127.0.0.1:5042/hipache:1", "127.0.0.1:5042/hipache:1"),
        ("localhost/app", "localhost/app:latest"),
        ("[::1]:5042/app:x", "[::1]:5042/app:x"),
        ("registry.example.org/a/b", "registry.example.org/a/b:latest"),
        ("docker.io/busybox", "docker.io/library/busybox:latest"),
        (f"app@{DIGEST}", f"here:5042/app@{DIGEST}"),
        (f"app:1@{DIGEST}", f"here:5042/app@{DIGEST}"),
        (IMAGE, f"here:5042/{IMAGE}:latest"),
        (f"other:1/{IMAGE}:x", f"other:1/{IMAGE}:x"),
    ],
)
def test_a_name_is_read_as_docker_does(text: str, wanted: str) -> None:
    assert str(Reference.parse(text, "here:5042")) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "UPPER",
        "a//b",
        "../x",
        "app:",
        "app:ü",
        "app@",
        "app@sha256:00",
        "user:password@host.example/app",
        "http://host/app",
        "host:port/app",
        "glance/none",
        "a b",
        "host.example/",
        "app\n",
    ],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(Usage):
        Reference.parse(text, "here:5042")


def test_a_platform_without_a_variant_fits_any() -> None:
    arm = Platform.parse("linux/arm/v7")
    assert arm.fits(Platform.parse("linux/arm"))
    assert not Platform.parse("linux/arm").fits(arm)
    assert not arm.fits(Platform.parse("windows/arm"))
    for text in ("linux", "linux/", "a/b/c/d", "Linux/amd64"):
        with pytest.raises(Usage):
            Platform.parse(text)


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        "x",
        {"os": "linux"},
        {"architecture": "amd64", "variant": "v8"},
        {"os": "linux", "architecture": "\x1b[2J"},
        {"os": ["linux"], "architecture": "amd64"},
    ],
)
def test_a_platform_that_is_not_said_is_none(said: object) -> None:
    assert Platform.of(said) is None


def test_a_challenge_is_read_whatever_stands_around_it() -> None:
    header = 'Basic realm="a, Bearer b", Bearer realm="https://x/t",service="s \\"q\\"",scope=a:b:c'
    assert challenge(header) == Challenge("bearer", "https://x/t", 's "q"', "a:b:c")
    assert challenge('basic realm="x"') == Challenge("basic", "x")
    assert challenge("Negotiate") is None
    assert challenge(None) is None
    assert challenge("Bearer") == Challenge("bearer")
    assert challenge('Bearer realm="' + "x" * 100_000) is not None


@pytest.mark.parametrize(
    ("registry", "plain", "url"),
    [
        ("127.0.0.1:5042", False, "http://127.0.0.1:5042"),
        ("localhost", False, "http://localhost"),
        ("[::1]:5042", False, "http://[::1]:5042"),
        ("registry.example.org", False, "https://registry.example.org"),
        ("10.0.0.1:5042", False, "https://10.0.0.1:5042"),
        ("10.0.0.1:5042", True, "http://10.0.0.1:5042"),
        ("localhost.example.org", False, "https://localhost.example.org"),
        ("docker.io", False, "https://registry-1.docker.io"),
    ],
)
def test_only_loopback_goes_without_tls(registry: str, plain: bool, url: str) -> None:
    assert Trust(registry, plain).url == url


def test_a_certificate_means_tls_on_loopback_too() -> None:
    assert Trust("127.0.0.1:5042", cacert="ca.crt").url == "https://127.0.0.1:5042"


@pytest.mark.parametrize(
    ("registry", "plain", "url", "spoken", "shown"),
    [
        ("r.example", False, "https://r.example/v2/", True, True),
        ("r.example", False, "https://other.example/token", True, True),
        ("r.example", False, "http://r.example/token", False, False),
        ("r.example", False, "http://127.0.0.1:80/token", False, True),
        ("r.example", False, "ftp://r.example/", False, False),
        ("r.example", False, "", False, False),
        ("r.example", False, "http://r.example:port/", False, False),
        ("r.example", True, "http://r.example/token", True, False),
        ("r.example", True, "http://other.example/token", False, False),
        ("127.0.0.1:1", False, "http://localhost:2/token", True, True),
        ("127.0.0.1:1", False, "http://10.0.0.1/token", False, False),
    ],
)
def test_a_registry_cannot_talk_anybody_out_of_tls(
    registry: str, plain: bool, url: str, spoken: bool, shown: bool
) -> None:
    trust = Trust(registry, plain)
    assert allows(lambda: trust.check(url)) == spoken
    assert allows(lambda: trust.may_see_credentials(url) or fail()) == shown


def allows(question: object) -> bool:
    assert callable(question)
    try:
        question()
    except ClientError:
        return False
    return True


def fail() -> None:
    raise ClientError
