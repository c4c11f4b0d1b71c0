"""Which tag of which repository a name in Glance means."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_glance.oci.names import Repository, Tag
from registry_glance.store.glance import naming
from registry_glance.store.glance.naming import Image

ROW: dict[str, Any] = {
    "id": "1",
    "owner": "alpha",
    "name": "app",
    "status": "active",
    "os_hidden": False,
    "container_format": "docker",
    "visibility": "private",
    "created_at": "2026-01-01T00:00:00Z",
}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("app", "app:latest"),
        ("app:1.0", "app:1.0"),
        ("team/app:V1", "team/app:V1"),
        ("glance", "glance:latest"),
        ("", None),
        (None, None),
        ("App", None),
        ("app:", None),
        (":1", None),
        ("app:a:b", None),
        ("host:5042/app", None),
        ("app 1", None),
        ("app\n", None),
        ("app:1\n", None),
        ("app\0", None),
        ("\N{FULLWIDTH LATIN SMALL LETTER A}pp", None),
        ("glance/app:1", None),
        ("glance/4ea6a44b-7b1c-4a55-9d4c-0a1f0e6f1c11", None),
        ("a" * 126 + ":" + "b" * 128, "a" * 126 + ":" + "b" * 128),
        ("a" * 127, None),
        ("a:" + "b" * 129, None),
        ("../app", None),
        ("a//b", None),
    ],
)
def test_a_name_means_a_tag_or_nothing(name: str | None, meant: str | None) -> None:
    assert naming.meaning(name) == meant


@given(st.text(max_size=255))
def test_whatever_is_meant_is_a_valid_name(name: str) -> None:
    meant = naming.meaning(name)
    if meant is not None:
        repository, _, tag = meant.partition(":")
        assert (Repository.parse(repository).image, Tag.parse(tag).name) == (None, tag)
        assert name in naming.spellings(meant)


@pytest.mark.parametrize(
    "changes",
    [
        {"owner": None},
        {"status": "queued"},
        {"status": "saving"},
        {"os_hidden": True},
        {"container_format": "bare"},
        {"container_format": None},
        {"name": None},
    ],
    ids=str,
)
def test_what_is_no_image_has_no_name(changes: dict[str, Any]) -> None:
    assert naming.image(ROW) == Image("alpha", "1", "app:latest", "private", ROW["created_at"])
    assert naming.image({**ROW, **changes}) is None


def test_the_first_of_a_name_has_it() -> None:
    rows = [
        {**ROW, "id": row_id, "created_at": made}
        for row_id, made in (("b", "2"), ("c", "1"), ("a", "1"), ("0", "3"))
    ]
    found = naming.first(one for row in rows if (one := naming.image(row)))
    assert found is not None
    assert found.row == "a"
    assert naming.first([]) is None
