"""The settings: defaults, the file, the environment, and what is said of mistakes."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry_glance.config import GIB, MIB, Config, ConfigInvalid, load

DOCUMENTED = Path(__file__).parents[2] / "config.yml"


def names(settings: Any, prefix: str = "") -> set[str]:
    """All settings by their names with dots."""
    found = set()
    for item in fields(settings):
        name = f"{prefix}{item.name}"
        found |= {name} if item.metadata else names(getattr(settings, item.name), f"{name}.")
    return found


def keys(value: dict[str, Any], known: set[str], prefix: str = "") -> set[str]:
    found = set()
    for key, inner in value.items():
        name = f"{prefix}{key}"
        found |= {name} if name in known else keys(inner, known, f"{name}.")
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.yml"


def test_the_documented_file_changes_nothing() -> None:
    assert load(DOCUMENTED, {}) == Config() == load(None, {})


def test_every_setting_is_documented() -> None:
    known = names(Config())
    assert keys(yaml.safe_load(DOCUMENTED.read_text()), known) == known


def test_every_documented_setting_is_explained() -> None:
    """Each stands below a comment, or below another setting that shares one."""
    paragraphs = re.split(r"\n\s*\n", DOCUMENTED.read_text())
    for paragraph in paragraphs:
        lines = [line.strip() for line in paragraph.strip().splitlines()]
        inner = lines[1:] if lines[0].endswith(":") and "#" not in lines[0] else lines
        assert inner[0].startswith("#"), paragraph


READINGS = [
    ("cache: {size: 4096}", "cache.size", 4096),
    ("cache: {size: 256MiB}", "cache.size", 256 * MIB),
    ("cache: {size: 10 GiB}", "cache.size", 10 * GIB),
    ("cache: {staleness: 0}", "cache.staleness", 0.0),
    ("glance: {timeout: 1.5}", "glance.timeout", 1.5),
    ("listen: '[::]:80'", "listen", "[::]:80"),
    ("state: /tmp/x", "state", Path("/tmp/x")),
    (
        "cloud: {auth: {auth_url: http://k, password: 1}}",
        "cloud.auth",
        {"auth_url": "http://k", "password": 1},
    ),
    ("cache:", "cache.size", 10 * GIB),
    ("", "workers", 2),
    (f"ids: {{key: '{'0f' * 32}'}}", "ids.key", "0f" * 32),
]


def value_of(config: Config, name: str) -> Any:
    found: Any = config
    for part in name.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize(("text", "name", "expected"), READINGS)
def test_what_the_file_says(file: Path, text: str, name: str, expected: object) -> None:
    file.write_text(text)
    assert value_of(load(file, {}), name) == expected


MISTAKES = [
    ("\n\nfoo: 1", ":3: unknown setting 'foo'"),
    ("cache:\n  sise: 1", ":2: unknown setting 'cache.sise'"),
    ("cache:\n  size: 1\n  size: 2", ":3: 'cache.size' is set twice"),
    ("cache: 1", ":1: 'cache' must be a mapping"),
    ("- a", ":1: the file must be a mapping"),
    ("a: [", ":1: not YAML"),
    ("? [a]\n: 1", ":1: unknown setting"),
    ("cache: {size: lots}", "'cache.size' must be a number of bytes"),
    ("cache: {size: -1}", "'cache.size' must be a number of bytes"),
    ("cache: {size: true}", "'cache.size' must be a number of bytes"),
    ("cache: {size: 1GB}", "'cache.size' must be a number of bytes"),
    ("workers: 0", "'workers' must be a whole number, at least 1"),
    ("workers: true", "'workers' must be a whole number"),
    ("workers: '2'", "'workers' must be a whole number"),
    ("glance: {timeout: .nan}", "'glance.timeout' must be a number of seconds"),
    ("manifests: {sparse: 1}", "'manifests.sparse' must be true or false"),
    ("cloud: {interface: private}", "'cloud.interface' must be one of public, internal, admin"),
    ("cloud: {auth: x}", "'cloud.auth' must be a mapping"),
    ("cloud: {name: 5}", "'cloud.name' must be text"),
    ("listen: 5042", "'listen' must be an address and a port"),
    ("listen: localhost:99999", "'listen' must be an address and a port"),
    ("log: {level: loud}", "'log.level' must be one of"),
    ("ids: {key: abc}", "'ids.key' must be at least 64 hexadecimal digits"),
    ("state: !!python/object/new:os.system [x]", "'state' cannot be read"),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_a_mistake_is_told_with_its_line(file: Path, text: str, expected: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigInvalid) as raised:
        load(file, {})
    assert re.match(rf"{re.escape(str(file))}:\d+: ", str(raised.value))
    assert expected in str(raised.value)


def test_a_file_that_is_not_there(file: Path) -> None:
    with pytest.raises(ConfigInvalid, match="No such file"):
        load(file, {})


OVERRIDES = [
    ("REGISTRY_GLANCE_CACHE_SIZE", "2GiB", "cache.size", 2 * GIB),
    ("REGISTRY_GLANCE_LISTEN", "0.0.0.0:80", "listen", "0.0.0.0:80"),
    ("REGISTRY_GLANCE_WORKERS", "3", "workers", 3),
    ("REGISTRY_GLANCE_MANIFESTS_SPARSE", "true", "manifests.sparse", True),
    ("REGISTRY_GLANCE_CLOUD_NAME", "5", "cloud.name", "5"),
    (
        "REGISTRY_GLANCE_CLOUD_AUTH",
        "{auth_url: 'http://k'}",
        "cloud.auth",
        {"auth_url": "http://k"},
    ),
]


@pytest.mark.parametrize(("variable", "text", "name", "expected"), OVERRIDES)
def test_the_environment_has_the_last_word(
    file: Path, variable: str, text: str, name: str, expected: object
) -> None:
    file.write_text("cache: {size: 1}")
    assert value_of(load(file, {variable: text}), name) == expected


@pytest.mark.parametrize("text", ["0", "x", "", "[", "!!python/object:x y"])
def test_a_mistake_in_the_environment(text: str) -> None:
    with pytest.raises(ConfigInvalid, match=r"^REGISTRY_GLANCE_WORKERS "):
        load(None, {"REGISTRY_GLANCE_WORKERS": text})


OPENRC = {"OS_AUTH_URL": "http://k", "OS_USERNAME": "u", "OS_PASSWORD": "p", "OS_REGION_NAME": "r"}


def test_an_openrc_file_is_enough() -> None:
    cloud = load(None, OPENRC).cloud
    assert cloud.auth == {"auth_url": "http://k", "username": "u", "password": "p"}
    assert cloud.region == "r"
    assert load(None, {"OS_CLOUD": "devstack"}).cloud.name == "devstack"


@pytest.mark.parametrize("text", ["cloud: {name: mine}", "cloud: {auth: {auth_url: x}}"])
def test_an_openrc_file_does_not_mix_with_the_settings(file: Path, text: str) -> None:
    file.write_text(text)
    assert load(file, OPENRC) == load(file, {})


def test_secrets_are_not_shown() -> None:
    secret = {
        "REGISTRY_GLANCE_CLOUD_AUTH": "{password: hush}",
        "REGISTRY_GLANCE_IDS_KEY": "ab" * 32,
    }
    assert "hush" not in repr(load(None, secret))
    assert "abab" not in repr(load(None, secret))
