"""A configuration for a root file system: a shell, or what its image's properties say."""

from __future__ import annotations

import json
import platform
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from registry_glance.archive import making
from registry_glance.archive.contents import Contents, Document, Found, RootFileSystem
from registry_glance.errors import ArchiveInvalid
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor

#: Docker's (github.com/moby/moby, oci/defaults.go).
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SHELL = ["/bin/sh"]
#: Characters of a property. Glance takes 65,535, Nova keeps 255 on snapshots.
LIMIT = 16384
SIGNAL = re.compile(r"(?:SIG)?[A-Z]+[0-9]*(?:[+-][0-9]+)?|[0-9]{1,2}", re.ASCII)
#: Glance's words for machines (its metadata definitions, "hw-architecture") -> Go's.
ARCHITECTURES = {
    "x86_64": "amd64",
    "amd64": "amd64",
    "i386": "386",
    "i686": "386",
    "aarch64": "arm64",
    "arm64": "arm64",
    "armv7l": "arm",
    "armv6l": "arm",
    "ppc64le": "ppc64le",
    "ppc64": "ppc64",
    "riscv64": "riscv64",
    "s390x": "s390x",
    "mips64el": "mips64le",
    "loongarch64": "loong64",
}


def here() -> str:
    """The architecture of this machine, in Go's words."""
    machine = platform.machine().lower()
    return ARCHITECTURES.get(machine, machine)


def image(
    root: RootFileSystem,
    properties: Mapping[str, str],
    created: str,
    architecture: str,
    *,
    packed: bool = False,
) -> Contents:
    """The image that a file system is, with the configuration that `configuration` makes.

    `packed`: as in Contents, of its layer. Raises as `configuration` does.
    """
    config = configuration(root.diff_id, properties, created, architecture)
    layer = Descriptor(root.media_type, root.layer.digest, root.layer.size)
    made = manifest(config, layer)
    digest = Digest.of(made.body)
    return Contents(
        images=(Found(digest),),
        documents={digest: made, Digest.of(config): Document(making.DOCKER_CONFIG, config)},
        parts={root.layer.digest: root.layer},
        packed=packed,
    )


def configuration(
    diff_id: Digest, properties: Mapping[str, str], created: str, architecture: str
) -> bytes:
    """The configuration (OCI Image 1.1, config.md) of an image that is one layer.

    `created`: RFC 3339. `architecture`: in Go's words, where the property does not say. The same
    arguments give the same bytes. Raises ArchiveInvalid with the name of the property at fault.

    os_command_line     command, words as in a shell or a JSON list
    docker_cmd          the same, and comes first
    docker_entrypoint   the same way
    docker_env          words A=B, or a JSON list
    docker_labels       words A=B, or a JSON list
    docker_expose       words such as 80 or 53/udp
    docker_volumes      words: paths
    docker_workdir, docker_user, docker_stop_signal
    architecture        x86_64, aarch64, ...
    """
    value = {
        "architecture": _architecture(properties, architecture),
        "config": _config(properties),
        "created": created,
        "history": [{"created": created, "comment": "a root file system"}],
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [str(diff_id)]},
    }
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def manifest(config: bytes, layer: Descriptor) -> Document:
    """The manifest of that configuration and its layer."""
    described = Descriptor(making.DOCKER_CONFIG, Digest.of(config), len(config))
    return making.manifest(described, [layer])


def _config(properties: Mapping[str, str]) -> dict[str, Any]:
    """The part that says how to run it; what no property says is left out, but for a command."""
    entrypoint = _words(properties, "docker_entrypoint")
    volumes = _words(properties, "docker_volumes")
    command = _words(properties, "docker_cmd") or _words(properties, "os_command_line")
    config = {
        "Entrypoint": entrypoint,
        "Cmd": command or ([] if entrypoint else SHELL),
        "Env": _environment(properties),
        "WorkingDir": _path(_text(properties, "docker_workdir"), "docker_workdir"),
        "User": _text(properties, "docker_user"),
        "StopSignal": _signal(properties),
        "ExposedPorts": {port: {} for port in _ports(properties)},
        "Volumes": {_path(path, "docker_volumes"): {} for path in volumes},
        "Labels": dict(_pairs(properties, "docker_labels")),
    }
    return {key: value for key, value in config.items() if value}


def _environment(properties: Mapping[str, str]) -> list[str]:
    """The variables, each once; Docker's PATH unless there is another."""
    variables = dict([PATH.split("=", 1), *_pairs(properties, "docker_env")])
    return [f"{name}={value}" for name, value in variables.items()]


def _ports(properties: Mapping[str, str]) -> list[str]:
    """`80` is `80/tcp` (OCI Image 1.1, config.md, "ExposedPorts")."""
    ports = []
    for word in _words(properties, "docker_expose"):
        number, _, protocol = word.partition("/")
        if not (number.isascii() and number.isdigit() and 0 < int(number[:6]) < 65536):
            raise _invalid("docker_expose", "has no port")
        if protocol not in ("", "tcp", "udp", "sctp"):
            raise _invalid("docker_expose", "has no port")
        ports.append(f"{int(number)}/{protocol or 'tcp'}")
    return ports


def _signal(properties: Mapping[str, str]) -> str:
    text = _text(properties, "docker_stop_signal")
    if text and not SIGNAL.fullmatch(text):
        raise _invalid("docker_stop_signal", "is no signal, such as SIGTERM or 15")
    return text


def _path(text: str, name: str) -> str:
    if text and not text.startswith("/"):
        raise _invalid(name, "has a path that does not begin with /")
    return text


def _pairs(properties: Mapping[str, str], name: str) -> list[list[str]]:
    pairs = [word.split("=", 1) for word in _words(properties, name)]
    if not all(len(pair) == 2 and pair[0] for pair in pairs):
        raise _invalid(name, "has something else than NAME=VALUE")
    return pairs


def _words(properties: Mapping[str, str], name: str) -> Sequence[str]:
    """A JSON list of strings, or words as in a shell."""
    text = _text(properties, name)
    read: Callable[[str], Any] = json.loads if text.startswith("[") else shlex.split
    try:
        words = read(text)
    except (ValueError, RecursionError) as error:
        raise _invalid(name, "has neither words as in a shell nor a JSON list") from error
    if not all(isinstance(word, str) and _is_clean(word) for word in words):
        raise _invalid(name, "is no list of words")
    return list(words)


def _text(properties: Mapping[str, str], name: str) -> str:
    text = properties.get(name, "").strip()
    if len(text) > LIMIT:
        raise _invalid(name, f"has more than {LIMIT} characters")
    if not _is_clean(text):
        raise _invalid(name, "has characters that no command can have")
    return text


def _is_clean(text: str) -> bool:
    """Without NUL, and without half a surrogate pair, which has no UTF-8."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _architecture(properties: Mapping[str, str], default: str) -> str:
    text = _text(properties, "architecture")
    if text and text not in ARCHITECTURES:
        raise _invalid("architecture", f"is none of {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[text] if text else default


def _invalid(name: str, what: str) -> ArchiveInvalid:
    return ArchiveInvalid(f"the image's property {name} {what}")
