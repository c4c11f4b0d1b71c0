"""What is run of a file system: a shell, unless the image's properties say otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry_glance.archive.rootfs import configuration, manifest
from registry_glance.errors import ArchiveInvalid
from registry_glance.oci import media_types
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest

LAYER = Digest.of(b"a layer")
CREATED = "2013-11-05T00:00:00Z"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def made(**properties: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(configuration(LAYER, properties, CREATED, "amd64"))
    return value


def config(**properties: str) -> dict[str, Any]:
    found: dict[str, Any] = made(**properties)["config"]
    return found


def test_a_shell_is_run_where_nothing_is_said() -> None:
    value = made()
    assert value["config"] == {"Cmd": ["/bin/sh"], "Env": [PATH]}
    assert value["rootfs"] == {"type": "layers", "diff_ids": [str(LAYER)]}
    assert (value["os"], value["architecture"], value["created"]) == ("linux", "amd64", CREATED)
    assert len(value["history"]) == 1


def test_the_same_properties_give_the_same_bytes() -> None:
    one = {"docker_env": "A=1 B=2", "docker_user": "x", "unheard": "of"}
    other = dict(reversed(one.items()))
    assert configuration(LAYER, one, CREATED, "arm64") == configuration(
        LAYER, other, CREATED, "arm64"
    )


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"os_command_line": "/sbin/init --x 'a b'"}, {"Cmd": ["/sbin/init", "--x", "a b"]}),
        ({"os_command_line": '["/bin/x", "a  b"]'}, {"Cmd": ["/bin/x", "a  b"]}),
        ({"os_command_line": "a", "docker_cmd": "b"}, {"Cmd": ["b"]}),
        ({"docker_entrypoint": "/entry -v"}, {"Entrypoint": ["/entry", "-v"], "Cmd": None}),
        ({"docker_entrypoint": "/e", "docker_cmd": "-h"}, {"Entrypoint": ["/e"], "Cmd": ["-h"]}),
        ({"docker_env": "A=1 B='x y' C="}, {"Env": [PATH, "A=1", "B=x y", "C="]}),
        ({"docker_env": '["A=1", "PATH=/bin", "A=2"]'}, {"Env": ["PATH=/bin", "A=2"]}),
        ({"docker_workdir": "/srv/my app"}, {"WorkingDir": "/srv/my app"}),
        ({"docker_user": "www-data:33"}, {"User": "www-data:33"}),
        (
            {"docker_expose": "80 443/tcp 53/udp"},
            {"ExposedPorts": {"80/tcp": {}, "443/tcp": {}, "53/udp": {}}},
        ),
        ({"docker_stop_signal": "SIGRTMIN+3"}, {"StopSignal": "SIGRTMIN+3"}),
        ({"docker_volumes": "/var/lib/x /data"}, {"Volumes": {"/var/lib/x": {}, "/data": {}}}),
        ({"docker_labels": "a=1 b.c='x=y'"}, {"Labels": {"a": "1", "b.c": "x=y"}}),
        ({"docker_cmd": "", "os_command_line": " "}, {"Cmd": ["/bin/sh"]}),
        ({"docker_cmd": "gr\u00fc\u00dfe"}, {"Cmd": ["gr\u00fc\u00dfe"]}),
    ],
)
def test_properties_say_otherwise(properties: dict[str, str], expected: dict[str, Any]) -> None:
    found = config(**properties)
    assert {key: found.get(key) for key in expected} == expected


@pytest.mark.parametrize(
    ("word", "machine"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("ppc64le", "ppc64le")]
)
def test_machines_have_other_names_in_glance(word: str, machine: str) -> None:
    assert made(architecture=word)["architecture"] == machine


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("os_command_line", "echo 'unbalanced"),
        ("os_command_line", "a\\"),
        ("os_command_line", "x" * 65536),
        ("docker_cmd", "a\0b"),
        ("docker_cmd", '["a\\u0000b"]'),
        ("docker_cmd", '["\\ud800"]'),
        ("docker_cmd", "\ud800"),
        ("docker_cmd", '["a", 1]'),
        ("docker_cmd", '["a"'),
        ("docker_cmd", "[" * 16000),
        ("docker_entrypoint", "[[]]"),
        ("docker_env", "NOTHING"),
        ("docker_env", "=x"),
        ("docker_labels", "a"),
        ("docker_workdir", "relative"),
        ("docker_user", "a\0"),
        ("docker_expose", "eighty"),
        ("docker_expose", "0"),
        ("docker_expose", "65536"),
        ("docker_expose", "9" * 5000),
        ("docker_expose", "80/x"),
        ("docker_expose", "\u0664\u0662"),
        ("docker_stop_signal", "please"),
        ("docker_volumes", "relative"),
        ("architecture", "pdp11"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(name: str, text: str) -> None:
    with pytest.raises(ArchiveInvalid, match=f"property {name} ") as told:
        made(**{name: text})
    assert len(told.value.message) < 300


def test_the_manifest_is_one_that_docker_takes() -> None:
    body = configuration(LAYER, {}, CREATED, "amd64")
    layer = Descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", Digest.of(b"gz"), 2)
    document = manifest(body, layer)
    found = Manifest.parse(document.body, document.media_type)
    assert document.media_type == media_types.DOCKER_MANIFEST
    assert found.config == Descriptor(
        "application/vnd.docker.container.image.v1+json", Digest.of(body), len(body)
    )
    assert found.layers == (layer,)
