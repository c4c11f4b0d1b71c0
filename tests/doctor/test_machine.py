"""What the examination says of the settings and of this machine; no cloud is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from registry_glance.config import GIB, Access, Cache, Cloud, Config, Spool, Tls
from registry_glance.doctor import access, disk, keystone, listening
from registry_glance.doctor.examination import Check, made
from registry_glance.doctor.finding import Finding, Level, Trouble, fail, ok, warn
from registry_glance.doctor.report import rendered
from registry_glance.doctor.site import Site
from registry_glance.doctor.told import without_password


def site(**settings: object) -> Site:
    """One with these settings; it is not asked for anything."""
    return Site(replace(Config(), **settings))  # type: ignore[arg-type]


LISTENING = [
    ("127.0.0.1:5042", "none", Tls(), (), Level.OK),
    ("[::1]:5042", "keystone", Tls(), (), Level.OK),
    ("localhost:5042", "keystone", Tls(), (), Level.OK),
    ("127.9.9.9:5042", "keystone", Tls(), (), Level.OK),
    ("0.0.0.0:5042", "keystone", Tls(), (), Level.WARN),
    ("[::]:5042", "keystone", Tls(), (), Level.WARN),
    (":5042", "keystone", Tls(), (), Level.WARN),
    ("registry.example.org:5042", "keystone", Tls(), (), Level.WARN),
    ("0.0.0.0:5042", "none", Tls(), (), Level.WARN),
    ("0.0.0.0:5042", "keystone", Tls(), ("10.0.0.1",), Level.WARN),
    ("0.0.0.0:5042", "keystone", Tls("cert.pem", "key.pem"), (), Level.OK),
]


@pytest.mark.parametrize(("address", "auth", "tls", "proxies", "level"), LISTENING)
def test_tokens_travel_in_the_open_only_on_this_machine(
    address: str, auth: str, tls: Tls, proxies: tuple[str, ...], level: Level
) -> None:
    found = listening.listen(site(listen=address, auth=auth, tls=tls, proxies=proxies))
    assert found.level is level
    assert bool(found.remedy) == (level is Level.WARN)
    assert address in found.found


def test_a_certificate_that_is_not_there() -> None:
    found = listening.certificate(site(tls=Tls("/nowhere/cert.pem", "/nowhere/key.pem")))
    assert found.level is Level.FAIL
    assert "No such file" in found.found


@pytest.mark.parametrize("text", ["", "hush-4711", "-----BEGIN CERTIFICATE-----\nAA\n"])
def test_a_certificate_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cert.pem"
    path.write_text(text)
    found = listening.certificate(site(tls=Tls(str(path), str(path))))
    assert found.level is Level.FAIL
    assert "hush" not in rendered("certificate", found)


def test_a_key_without_a_certificate() -> None:
    assert listening.certificate(site(tls=Tls(None, "key.pem"))).level is Level.FAIL
    assert listening.certificate(site()).level is Level.OK


@pytest.mark.parametrize(
    ("auth", "anonymous", "level"),
    [
        ("keystone", True, Level.WARN),
        ("keystone", False, Level.OK),
        ("none", True, Level.OK),
    ],
)
def test_anonymous_pulls_are_mentioned(auth: str, anonymous: bool, level: Level) -> None:
    found = access.anonymous(site(auth=auth, access=Access(anonymous=anonymous)))
    assert found.level is level


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ('"registry:push": "role:admin"\n', Level.OK),
        ('"registry:push": "role(admin"\n', Level.FAIL),
        ('"registry:fly": "role:admin"\n', Level.FAIL),
        ("[", Level.FAIL),
        (None, Level.FAIL),
    ],
)
def test_the_policy_file_is_read(tmp_path: Path, text: str | None, level: Level) -> None:
    path = tmp_path / "policy.yaml"
    if text is not None:
        path.write_text(text)
    found = access.policy_file(site(access=Access(policy_file=str(path))))
    assert found.level is level
    assert str(path) in found.found


# The disk


def test_a_state_folder_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    state = tmp_path / "a" / "b"
    found = disk.disk(site(state=state, cache=Cache(size=0), spool=Spool(size=0)))
    assert found.level is Level.OK
    assert list(tmp_path.iterdir()) == []


def test_what_is_kept_already_needs_no_room(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "blob").write_bytes(b"x" * 1_000_000)
    assert 1_000_000 <= disk.used(tmp_path) < 1_100_000


def test_a_disk_that_is_too_small_is_told_what_would_fit(tmp_path: Path) -> None:
    found = disk.disk(site(state=tmp_path, cache=Cache(size=1 << 60)))
    assert found.level is Level.WARN
    assert found.remedy[1].startswith("cache: {size: ")


@pytest.mark.parametrize("place", ["/proc/registry-glance", "/dev/null"])
def test_a_state_folder_that_cannot_be_written(place: str) -> None:
    found = disk.disk(site(state=Path(place)))
    assert found.level is Level.FAIL
    assert place in found.found
    assert found.remedy


# What the cloud's settings lack


@pytest.mark.parametrize(
    "cloud",
    [
        Cloud(),
        Cloud(name="nowhere", config_file="/nowhere/clouds.yaml"),
        Cloud(auth={"username": "me", "password": "hush-4711"}),
        Cloud(auth={"auth_url": "http://k", "passwrod": "hush-4711"}, auth_type="nonsense"),
    ],
    ids=["none", "no file", "no address", "no plugin"],
)
def test_credentials_that_cannot_be_used(cloud: Cloud) -> None:
    found = made(Check("keystone", keystone.answers), site(cloud=cloud))
    assert found.level is Level.FAIL
    assert found.remedy
    assert "hush" not in rendered("keystone", found)


def test_a_clouds_yaml_that_is_none_is_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "clouds.yaml"
    path.write_text("clouds:\n  mine:\n    auth: {password: *hush-4711, }\n    x: [\n")
    cloud = Cloud(name="mine", config_file=str(path))
    found = made(Check("keystone", keystone.answers), site(cloud=cloud))
    assert found.level is Level.FAIL
    assert f"{path}:3: not YAML" in rendered("keystone", found)
    assert "hush" not in rendered("keystone", found)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:hush@keystone:5000/v3?x=hush#hush", "https://keystone:5000/v3"),
        ("https://a:b@c@keystone/", "https://keystone/"),
        ("https://keystone", "https://keystone"),
        ("http://[::1", "an address that is no URL"),
    ],
)
def test_addresses_are_told_without_passwords(url: str, shown: str) -> None:
    assert without_password(url) == shown


# What is printed


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (ok("as it should be"), "ok    disk          as it should be"),
        (warn("so-so", "do: this"), "warn  disk          so-so\n      do: this"),
        (
            fail("bad", "cloud:", "  region: x"),
            "FAIL  disk          bad\n      cloud:\n        region: x",
        ),
        (fail("\x1b[2Jbad\nok  x", "a\rb"), "FAIL  disk          ?[2Jbad?ok  x\n      a?b"),
    ],
)
def test_a_finding_is_a_line_and_what_to_do(finding: Finding, text: str) -> None:
    assert rendered("disk", finding) == text


def raising(error: Exception) -> Callable[[Site], Finding]:
    """A check that cannot be made."""

    def check(site: Site) -> Finding:
        raise error

    return check


def test_a_check_that_cannot_be_made_has_failed() -> None:
    trouble = made(Check("x", raising(Trouble("Glance is on holiday", "wait"))), site())
    assert trouble == fail("Glance is on holiday", "wait")
    nonsense = made(Check("x", raising(KeyError("hush"))), site())
    assert nonsense == fail("an answer that makes no sense to us (KeyError)")


def test_default_sizes_are_told_as_config_yml_takes_them() -> None:
    assert disk.mib(14 * GIB) == "14336MiB"
