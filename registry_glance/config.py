"""The settings: frozen, typed, and read from config.yml and the environment in this file only.

`config.yml` at the top of the repository lists every setting with its default and meaning.
`REGISTRY_GLANCE_<SECTION>_<KEY>` (or `REGISTRY_GLANCE_<KEY>`) in the environment overrides the
file. Nothing is guessed: an unknown setting, or one of the wrong type, raises ConfigInvalid.
"""

# ruff: noqa: RUF009 - `setting` and `section` are dataclasses.field with a few words less.

from __future__ import annotations

import ipaddress
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
UNITS = {"": 1, "B": 1, "KiB": KIB, "MiB": MIB, "GiB": GIB, "TiB": GIB << 10}
SIZE = re.compile(r"(\d+)\s*([KMGT]iB|B|)", re.ASCII)
ADDRESS = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]*):(?P<port>\d{1,5})", re.ASCII)
PREFIX = "REGISTRY_GLANCE"

#: What `source openrc` sets, and where it belongs among the settings of `cloud`.
OPENRC = {
    "OS_CLOUD": "name",
    "OS_CLIENT_CONFIG_FILE": "config_file",
    "OS_REGION_NAME": "region",
    "OS_INTERFACE": "interface",
    "OS_AUTH_TYPE": "auth_type",
    "OS_CACERT": "cacert",
}
#: `OS_<NAME>` that go into `cloud.auth` as `<name>`.
OPENRC_AUTH = (
    "auth_url",
    "username",
    "user_id",
    "password",
    "user_domain_name",
    "user_domain_id",
    "project_name",
    "project_id",
    "project_domain_name",
    "project_domain_id",
    "application_credential_id",
    "application_credential_name",
    "application_credential_secret",
)


class ConfigInvalid(Exception):
    """A setting that cannot be used; the message says which one and where it stands."""


class Kind(NamedTuple):
    """How a setting is read: `read` raises ValueError with what it must be.

    `verbatim`: text from the environment is taken as it is, and not as YAML.
    """

    read: Callable[[Any], Any]
    verbatim: bool = False


def _whole(minimum: int) -> Kind:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            raise ValueError(f"must be a whole number, at least {minimum}")
        return value

    return Kind(read)


def _seconds(minimum: float) -> Kind:
    def read(value: Any) -> float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value < minimum:
            raise ValueError(f"must be a number of seconds, at least {minimum:g}")
        return float(value)

    return Kind(read)


def _read_size(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be a number of bytes, such as 4096, 256MiB or 10GiB")
    return int(match.group(1)) * UNITS[match.group(2)]


def _read_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _read_text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be text")
    return value


def _read_optional(value: Any) -> str | None:
    return None if value in (None, "", "null") else _read_text(value)


def _read_key(value: Any) -> str | None:
    text = _read_optional(value)
    if text is not None and not re.fullmatch(r"(?:[0-9a-fA-F]{2}){32,128}", text):
        raise ValueError("must be at least 64 hexadecimal digits")
    return text


def _read_address(value: Any) -> str:
    match = ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match["port"]) > 65535:
        raise ValueError("must be an address and a port, such as 127.0.0.1:5042 or [::]:5042")
    return str(value)


def _read_mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ValueError("must be a mapping of names to values")
    return value


def _read_texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise ValueError("must be a list of texts")
    return tuple(value)


def _read_networks(value: Any) -> tuple[str, ...]:
    texts = _read_texts(value)
    for text in texts:
        try:
            ipaddress.ip_network(text)
        except ValueError as error:
            raise ValueError("must be a list of addresses and networks") from error
    return texts


def _one_of(*choices: str) -> Kind:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return str(value)

    return Kind(read, verbatim=True)


SIZE_OF = Kind(_read_size, verbatim=True)
FLAG = Kind(_read_flag)
TEXT = Kind(_read_text, verbatim=True)
OPTIONAL = Kind(_read_optional, verbatim=True)
KEY = Kind(_read_key, verbatim=True)
ADDRESS_OF = Kind(_read_address, verbatim=True)
FOLDER = Kind(lambda value: Path(_read_text(value)), verbatim=True)
MAPPING = Kind(_read_mapping)
TEXTS = Kind(_read_texts)
NETWORKS = Kind(_read_networks)

T = TypeVar("T")


def setting(default: T, kind: Kind, *, secret: bool = False) -> T:
    """A field with a default that is read as `kind`; a secret is not shown by `repr`."""
    metadata = {"kind": kind}
    if isinstance(default, dict):
        return field(default_factory=lambda: default, metadata=metadata, repr=not secret)
    return field(default=default, metadata=metadata, repr=not secret)


def section(of: type[T]) -> T:
    """A field that holds further settings."""
    return field(default_factory=of)


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where Keystone is and who the registry is there.

    `auth` is what keystoneauth's plugin `auth_type` takes; or `name` is an entry of clouds.yaml.
    """

    name: str | None = setting(None, OPTIONAL)
    config_file: str | None = setting(None, OPTIONAL)
    region: str | None = setting(None, OPTIONAL)
    interface: str = setting("public", _one_of("public", "internal", "admin"))
    auth: Mapping[str, Any] = setting({}, MAPPING, secret=True)
    auth_type: str = setting("password", TEXT)
    cacert: str | None = setting(None, OPTIONAL)
    verify: bool = setting(True, FLAG)


@dataclass(frozen=True, slots=True)
class Access:
    """How Keystone is asked who somebody is, when `auth` is `keystone`; times in seconds."""

    default_domain: str = setting("Default", TEXT)
    cache_time: int = setting(60, _whole(1))
    memcached: tuple[str, ...] = setting((), TEXTS)
    policy_file: str | None = setting(None, OPTIONAL)
    anonymous: bool = setting(False, FLAG)
    realm: str | None = setting(None, OPTIONAL)
    service: str = setting("registry-glance", TEXT)


@dataclass(frozen=True, slots=True)
class Tls:
    """The certificate, and its key, that this server shows: paths of PEM files."""

    certificate: str | None = setting(None, OPTIONAL)
    key: str | None = setting(None, OPTIONAL)


@dataclass(frozen=True, slots=True)
class Glance:
    """How Glance is used: sizes in bytes, times in seconds."""

    puts: int = setting(4, _whole(1))
    gets: int = setting(4, _whole(1))
    piece_size: int = setting(128 * MIB, SIZE_OF)
    timeout: float = setting(15.0, _seconds(0.1))
    retries: int = setting(4, _whole(0))


@dataclass(frozen=True, slots=True)
class Spool:
    """Bytes that have come and are not in Glance yet."""

    size: int = setting(4 * GIB, SIZE_OF)


@dataclass(frozen=True, slots=True)
class Cache:
    """Blobs kept on the local disk, and how long knowledge is trusted."""

    size: int = setting(10 * GIB, SIZE_OF)
    staleness: float = setting(5.0, _seconds(0))


@dataclass(frozen=True, slots=True)
class Manifests:
    """What is accepted as a manifest."""

    max_size: int = setting(4 * MIB, SIZE_OF)
    sparse: bool = setting(False, FLAG)
    max_tags: int = setting(100, _whole(10))


@dataclass(frozen=True, slots=True)
class Ids:
    """How row IDs are computed."""

    key: str | None = setting(None, KEY, secret=True)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may ask for."""

    page: int = setting(1000, _whole(1))
    idle: float = setting(120.0, _seconds(1))
    head: float = setting(30.0, _seconds(1))
    rate: int = setting(1 * KIB, SIZE_OF)
    body: int = setting(1 << 40, SIZE_OF)


@dataclass(frozen=True, slots=True)
class Log:
    """What is logged to standard error."""

    level: str = setting("info", _one_of("debug", "info", "warning", "error"))


@dataclass(frozen=True, slots=True)
class Config:
    """All settings."""

    listen: str = setting("127.0.0.1:5042", ADDRESS_OF)
    workers: int = setting(2, _whole(1))
    threads: int = setting(64, _whole(1))
    state: Path = setting(Path("/var/lib/registry-glance"), FOLDER)
    auth: str = setting("none", _one_of("none", "keystone"))
    cloud: Cloud = section(Cloud)
    access: Access = section(Access)
    tls: Tls = section(Tls)
    proxies: tuple[str, ...] = setting((), NETWORKS)
    glance: Glance = section(Glance)
    spool: Spool = section(Spool)
    cache: Cache = section(Cache)
    manifests: Manifests = section(Manifests)
    ids: Ids = section(Ids)
    limits: Limits = section(Limits)
    log: Log = section(Log)


def load(path: str | Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """The settings of the file, if one is given, overridden by the environment.

    Raises ConfigInvalid with the file's name and line, or the variable's name.
    """
    environ = os.environ if environ is None else environ
    config = Config() if path is None else _read_file(Path(path))
    return _openrc(_override(config, environ, PREFIX), environ)


def _read_file(path: Path) -> Config:
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ConfigInvalid(f"{path}: {reason}") from error
    except yaml.MarkedYAMLError as error:
        # What the parser says of it may be a part of a password.
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigInvalid(f"{path}:{line}: not YAML") from None
    except yaml.YAMLError:
        raise ConfigInvalid(f"{path}: not YAML") from None
    return Config() if node is None else _read_section(Config, node, str(path), "")


def _read_section(of: type[T], node: yaml.Node, path: str, prefix: str) -> T:
    """An instance of `of` with what the file says; `prefix` is its name with a dot."""
    if node.tag == "tag:yaml.org,2002:null":
        return of()
    if not isinstance(node, yaml.MappingNode):
        what = repr(prefix.rstrip(".")) if prefix else "the file"
        raise ConfigInvalid(f"{_place(path, node)}: {what} must be a mapping")
    known = {item.name: item for item in _settings(of)}
    values: dict[str, Any] = {}
    for key, value in node.value:
        name = f"{prefix}{key.value}"[:80]
        if not isinstance(key, yaml.ScalarNode) or key.value not in known:
            raise ConfigInvalid(f"{_place(path, key)}: unknown setting {name!r}")
        if key.value in values:
            raise ConfigInvalid(f"{_place(path, key)}: {name!r} is set twice")
        values[key.value] = _read_value(known[key.value], value, path, name)
    return of(**values)


def _read_value(item: Field[Any], node: yaml.Node, path: str, name: str) -> Any:
    if "kind" not in item.metadata:
        return _read_section(_section_type(item), node, path, f"{name}.")
    try:
        return item.metadata["kind"].read(_value(node))
    except ValueError as error:
        raise ConfigInvalid(f"{_place(path, node)}: {name!r} {error}") from error
    except yaml.YAMLError as error:
        raise ConfigInvalid(f"{_place(path, node)}: {name!r} cannot be read") from error


def _override(config: T, environ: Mapping[str, str], prefix: str) -> T:
    """`config` with what the environment says instead."""
    changes: dict[str, Any] = {}
    for item in _settings(type(config)):
        name = f"{prefix}_{item.name.upper()}"
        if "kind" not in item.metadata:
            changes[item.name] = _override(getattr(config, item.name), environ, name)
        elif name in environ:
            changes[item.name] = _from_environment(item.metadata["kind"], name, environ[name])
    return replace(config, **changes) if changes else config  # type: ignore[type-var]


def _from_environment(kind: Kind, name: str, text: str) -> Any:
    try:
        return kind.read(text if kind.verbatim else yaml.safe_load(text))
    except ValueError as error:
        raise ConfigInvalid(f"{name} {error}") from error
    except yaml.YAMLError as error:
        raise ConfigInvalid(f"{name} cannot be read") from error


def _openrc(config: Config, environ: Mapping[str, str]) -> Config:
    """`config` with the cloud of `source openrc`, if it names none itself."""
    if config.cloud.name or config.cloud.auth:
        return config
    kinds = {item.name: item.metadata["kind"] for item in fields(Cloud)}
    cloud = {
        key: _from_environment(kinds[key], name, environ[name])
        for name, key in OPENRC.items()
        if environ.get(name)
    }
    auth = {name: text for name in OPENRC_AUTH if (text := environ.get(f"OS_{name.upper()}"))}
    return replace(config, cloud=replace(config.cloud, **cloud, auth=auth))


def _settings(of: type[Any]) -> Iterator[Field[Any]]:
    yield from fields(of)


def _section_type(item: Field[Any]) -> type[Any]:
    factory = item.default_factory
    assert isinstance(factory, type)
    return factory


def _value(node: yaml.Node) -> Any:
    """What a node of the file stands for."""
    return yaml.SafeLoader("").construct_document(node)


def _place(path: str, node: yaml.Node) -> str:
    return f"{path}:{node.start_mark.line + 1}"
