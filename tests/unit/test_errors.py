"""The table of errors: complete, and true to the specification's codes."""

from __future__ import annotations

import json
import re

import pytest

from registry_glance import errors
from registry_glance.errors import ANSWERS, UNKNOWN, RegistryError, answer

#: OCI Distribution 1.1, "Error Codes"; the rest are Docker's, and ours where neither has any.
SPECIFIED = {
    *("BLOB_UNKNOWN", "BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN", "DIGEST_INVALID", "DENIED"),
    *("MANIFEST_BLOB_UNKNOWN", "MANIFEST_INVALID", "MANIFEST_UNKNOWN", "NAME_INVALID"),
    *("NAME_UNKNOWN", "SIZE_INVALID", "UNAUTHORIZED", "UNSUPPORTED", "TOOMANYREQUESTS"),
}
OURS = {"PAGINATION_NUMBER_INVALID", "STORAGE_FULL", "CORRUPT", "UNAVAILABLE", "UNKNOWN"}


def _kinds() -> list[type[RegistryError]]:
    return [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, RegistryError) and kind is not RegistryError
    ]


@pytest.mark.parametrize("kind", _kinds())
def test_every_error_has_its_own_answer(kind: type[RegistryError]) -> None:
    assert kind in ANSWERS
    assert kind.__doc__


@pytest.mark.parametrize("kind", _kinds())
def test_every_error_stands_in_the_tree_on_top(kind: type[RegistryError]) -> None:
    assert re.search(rf"\b{kind.__name__}\b", errors.__doc__ or "")


@pytest.mark.parametrize("row", [*ANSWERS.values(), UNKNOWN])
def test_codes_and_statuses_are_those_a_client_can_read(row: errors.Answer) -> None:
    assert row.code in SPECIFIED | OURS
    assert 400 <= row.status < 600
    assert row.message


def test_a_kind_of_an_error_is_answered_like_it() -> None:
    class Late(errors.Unavailable):
        """An error that has no row of its own."""

    assert answer(Late()) == ANSWERS[errors.Unavailable]


@pytest.mark.parametrize("error", [ValueError("a secret"), RegistryError("unlisted")])
def test_what_is_not_in_the_table_is_an_internal_error(error: Exception) -> None:
    assert answer(error) == UNKNOWN


def test_errors_carry_what_their_answers_need() -> None:
    assert errors.UploadOutOfOrder(7).offset == 7
    assert errors.UploadOutOfOrder(7).detail == {"offset": 7}
    assert errors.RangeNotSatisfiable(9).headers == {"Content-Range": "bytes */9"}
    assert errors.Unavailable(retry_after=3).headers == {"Retry-After": "3"}
    assert json.dumps(errors.NameInvalid("no", detail={"name": "\ud800"}).detail)
    assert errors.RegistryError("no").headers == {}
