"""What the Engine is asked to make of an instance: pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nova import exception

from .environment import environment
from .labels import labels
from .limits import is_smaller, limits
from .privileges import privileges

#: sethostname(2), HOST_NAME_MAX
LONGEST_HOSTNAME = 64


@dataclass(frozen=True, slots=True)
class Terms:
    """What an operator and an Engine grant to every container. `console_size`: MiB."""

    host: str
    pids_limit: int
    console_size: int
    limits_disk: bool


def creation(
    instance: Any, image: str, command: str | None, servers: Sequence[str], terms: Terms
) -> dict[str, Any]:
    """The body of POST /containers/create (Engine API, ContainerCreate).

    The image's own command, environment, user and working directory stay. `command`, a JSON list or
    as a shell would split it, replaces the command only; the Engine adds `Env` to its environment.
    `servers`: the addresses of name servers, none for those of the host. Raises InvalidInput.
    """
    body: dict[str, Any] = {
        "Image": image,
        "Hostname": _hostname(instance.hostname or ""),
        "Labels": labels(instance, terms.host),
        "Env": environment(instance.metadata),
        # As with a server's console, which is there though nobody types: `sh` waits.
        "OpenStdin": True,
        "HostConfig": {
            **granted(instance.flavor, terms),
            "NetworkMode": "none",
            "Dns": list(servers),
            "IpcMode": "private",
            # Nova decides what starts again.
            "RestartPolicy": {"Name": "no"},
            "LogConfig": {
                "Type": "json-file",
                "Config": {"max-size": f"{terms.console_size}m", "max-file": "2"},
            },
        },
    }
    return body | ({"Cmd": _words(command)} if command else {})


def granted(flavor: Any, terms: Terms) -> dict[str, Any]:
    """HostConfig (Engine API, ContainerCreate) for a flavor. Raises InvalidInput."""
    given = limits(flavor, terms.pids_limit, limits_disk=terms.limits_disk)
    return given | privileges(flavor)


def check_resize(old: Any, new: Any, terms: Terms) -> None:
    """Raise ResizeError for a flavor that a server of another one cannot have."""
    if new.ephemeral_gb:
        raise exception.ResizeError(reason="a server on this host cannot have an ephemeral disk")
    if terms.limits_disk and is_smaller(new.root_gb, old.root_gb):
        raise exception.ResizeError(reason="the disk of a server does not shrink")
    try:
        granted(new, terms)
    except exception.InvalidInput as error:
        raise exception.ResizeError(reason=error.kwargs["reason"]) from None


def check(instance: Any, block_device_info: Mapping[str, Any] | None, files: Any) -> None:
    """Raise InvalidInput for what was asked for and cannot be given, before anything is made."""
    disks = block_device_info or {}
    wanted = {
        "a volume": disks.get("block_device_mapping"),
        "an ephemeral disk": disks.get("ephemerals"),
        "a config drive": instance.config_drive,
        "injected files": files,
    }
    for what, asked in wanted.items():
        if asked:
            raise exception.InvalidInput(reason=f"a server on this host cannot have {what}")


def _hostname(name: str) -> str:
    """A name that the kernel takes; users may ask Nova for one of 255 characters."""
    return name if len(name) <= LONGEST_HOSTNAME else name.partition(".")[0][:LONGEST_HOSTNAME]


def _words(command: str) -> list[str]:
    """A JSON list of strings, or words as in a shell."""
    try:
        words = json.loads(command) if command.startswith("[") else shlex.split(command)
    except (ValueError, RecursionError) as error:
        raise _no_command(str(error)) from None
    if not all(isinstance(word, str) for word in words):
        raise _no_command("it is no list of words")
    return list(words)


def _no_command(reason: str) -> exception.InvalidInput:
    return exception.InvalidInput(reason=f"the image's os_command_line is no command: {reason}")
