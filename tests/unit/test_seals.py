"""Seals: what proves that a row's ID and properties are the registry's own."""

from __future__ import annotations

from typing import Any

import pytest

from registry_glance.store.glance.ids import Ids

IDS = Ids(b"k" * 32, "p1")
ROW = {"id": "row", "name": None, "oci_kind": "blob", "oci_digest": "sha256:ab", "oci_size": "3"}


def shown(**changes: Any) -> dict[str, object]:
    """The row as Glance gives it back, with changes; None takes a property away."""
    row = {**IDS.sealed(ROW), "owner": "p1", "status": "active", **changes}
    return {name: value for name, value in row.items() if value is not None}


def test_what_is_sealed_is_genuine() -> None:
    assert IDS.is_genuine(shown())


@pytest.mark.parametrize(
    "change",
    [
        {"name": "hipache:latest"},
        {"os_hidden": True},
        {"visibility": "public"},
        {"hw_machine_type": "q35"},
        {"status": "queued"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_its_owner_may_change_does_not_break_it(change: dict[str, Any]) -> None:
    assert IDS.is_genuine(shown(**change))


@pytest.mark.parametrize(
    "change",
    [
        {"id": "another"},
        {"owner": "p2"},
        {"owner": None},
        {"oci_kind": "tag"},
        {"oci_digest": "sha256:cd"},
        {"oci_size": "4"},
        {"oci_size": None},
        {"oci_row": "another"},
        {"oci_seal": None},
        {"oci_seal": ""},
        {"oci_seal": 7},
        {"oci_seal": "ü" * 32},
        {"oci_seal": "0" * 32},
    ],
    ids=str,
)
def test_any_other_change_does(change: dict[str, Any]) -> None:
    assert not IDS.is_genuine(shown(**change))


def test_a_seal_holds_under_one_key_and_in_one_project() -> None:
    assert not Ids(b"l" * 32, "p1").is_genuine(shown())
    assert not IDS.of("p2").is_genuine(shown(owner="p2"))


def test_properties_do_not_run_into_each_other() -> None:
    one = IDS.sealed({"id": "row", "oci_a": "b", "oci_c": "d"})
    for other in ({"oci_a": "bd", "oci_c": ""}, {"oci_a": 'b", "oci_c', "oci_c": "d"}):
        assert IDS.sealed({"id": "row", **other})["oci_seal"] != one["oci_seal"]
