"""A tag picks one of several images."""

from __future__ import annotations

import pytest

from registry_glance.archive.contents import Contents, Found, RootFileSystem
from registry_glance.archive.picking import pick, tags
from registry_glance.archive.reading import contents
from registry_glance.archive.survey import survey
from registry_glance.oci.digest import Digest
from tests.clients.tarballs import packed

FIRST = Found(Digest.of(b"1"), ("docker.io/library/busybox:1.36", "web"))
SECOND = Found(Digest.of(b"2"), ("localhost:5042/team/app:latest", "x/busybox:1.35"))
THIRD = Found(Digest.of(b"3"))
ALL = Contents((FIRST, SECOND, THIRD))


@pytest.mark.parametrize(
    ("tag", "image"),
    [
        ("latest", FIRST),
        ("1.36", FIRST),
        ("web", FIRST),
        ("busybox", FIRST),
        ("1.35", SECOND),
        ("app", SECOND),
        ("x/busybox:1.35", SECOND),
        ("unheard-of", FIRST),
        ("", FIRST),
    ],
)
def test_a_name_a_tag_or_a_repository_picks(tag: str, image: Found) -> None:
    assert pick(ALL, tag) == image


def test_what_can_be_picked_is_listed() -> None:
    assert tags(ALL) == ["1.35", "1.36", "app", "busybox", "latest", "web"]
    assert all(pick(ALL, tag) for tag in tags(ALL))


def test_names_that_are_no_tags_are_not() -> None:
    names = ("", ":", "a b", "\n", "-x", "x" * 129, "a/\ud800:\u00fc", "h/app@sha256:ab", "a:b:c")
    assert tags(Contents((Found(Digest.of(b""), names),))) == ["a", "app", "latest"]


def test_a_file_system_has_one_tag() -> None:
    found = contents(survey([packed({"bin/sh": b""})]))
    assert isinstance(found.root, RootFileSystem)
    assert tags(found) == ["latest"]
