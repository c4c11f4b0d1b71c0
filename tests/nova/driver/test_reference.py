"""What an image of Glance says to pull, and what it is called here: by its owner's words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from nova import exception

from nova_driver.docker.reference import Image, by_id, check, told

REGISTRY = "127.0.0.1:5042"
ID = "0c1d2e3f-0000-4000-8000-000000000001"
DIGEST = "sha256:" + "1" * 64
PROPERTIES = {
    "oci_image": ID,
    "oci_kind": "tag",
    "oci_repository": "team/app",
    "oci_digest": DIGEST,
}
IMAGE = Image(ID, "team/app:1.0", "docker", PROPERTIES)

SILENT = {
    "of another image": {"oci_image": ID.replace("1", "2")},
    "of another kind": {"oci_kind": "manifest"},
    "of no digest": {"oci_digest": "latest"},
    "of a short digest": {"oci_digest": "sha256:abc"},
    "of a repository that leads elsewhere": {"oci_repository": "../evil"},
    "of a repository with a tag": {"oci_repository": "team/app:1.0"},
    "of a repository with a line break": {"oci_repository": "team/app\n"},
    "of a repository too long": {"oci_repository": "a" * 255},
    "of another snapshot": {"oci_kind": "image", "oci_repository": f"glance/{ID[::-1]}"},
}
NAMES = {
    "team/app:1.0": "team/app:1.0",
    "app": "app:latest",
    "app:": None,
    "app:1:0": None,
    "My picture of the week": None,
    "": None,
    None: None,
    f"glance/{ID}:latest": None,
    f"glance/{ID}": None,
    "a" * 240: "a" * 240 + ":latest",
    "a" * 255: None,
}


def test_a_tag_says_what_to_pull() -> None:
    found = told(IMAGE, REGISTRY)
    assert found
    assert found.immutable == f"{REGISTRY}/team/app@{DIGEST}"
    assert found.local == f"{REGISTRY}/team/app:1.0"


@pytest.mark.parametrize("kind", SILENT)
def test_other_properties_say_nothing(kind: str) -> None:
    assert told(replace(IMAGE, properties={**PROPERTIES, **SILENT[kind]}), REGISTRY) is None


def test_no_properties_say_nothing() -> None:
    assert told(replace(IMAGE, properties={}), REGISTRY) is None


@pytest.mark.parametrize("name", NAMES, ids=[str(number) for number in range(len(NAMES))])
def test_an_image_is_called_by_its_name_if_it_is_one(name: str | None) -> None:
    found = by_id(replace(IMAGE, name=name), REGISTRY, DIGEST)
    assert found.immutable == f"{REGISTRY}/glance/{ID}@{DIGEST}"
    called = NAMES[name]
    assert found.local == (f"{REGISTRY}/{called}" if called else found.immutable)


@pytest.mark.parametrize("container_format", ["bare", None])
def test_what_is_no_container_is_refused(container_format: str | None) -> None:
    with pytest.raises(exception.ImageUnacceptable, match=ID):
        check(replace(IMAGE, container_format=container_format))
