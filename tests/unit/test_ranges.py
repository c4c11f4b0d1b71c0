"""Range and Content-Range, from clients that cannot be trusted to write them well."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_glance.errors import RangeNotSatisfiable, UploadInvalid
from registry_glance.oci.ranges import Range, chunk, requested

#: int() raises above 4,300 digits.
ENDLESS = "9" * 5000


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-9", (0, 10)),
        ("bytes=2-4", (2, 5)),
        ("bytes=2-", (2, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-99", (0, 10)),
        ("bytes=9-99", (9, 10)),
        (" bytes= 2 - 4 ", (2, 5)),
        ("Bytes=2-4", (2, 5)),
        ("bytes=00002-0004", (2, 5)),
        (f"bytes=2-{ENDLESS}", (2, 10)),
        (f"bytes=-{ENDLESS}", (0, 10)),
        (f"bytes={'0' * 5000}2-4", (2, 5)),
    ],
)
def test_one_range_selects_bytes(header: str, expected: tuple[int, int]) -> None:
    assert requested(header, 10) == Range(*expected)


@pytest.mark.parametrize(
    "header",
    [
        *(
            "bytes=10-",
            "bytes=10-20",
            "bytes=-0",
            f"bytes={ENDLESS}-",
            f"bytes={ENDLESS}-{ENDLESS}",
        ),
        *("bytes=9223372036854775807-9223372036854775808", "bytes=5-4"),
    ],
)
def test_a_range_without_bytes_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as refused:
        requested(header, 10)
    assert refused.value.headers["Content-Range"] == "bytes */10"


def test_an_empty_blob_satisfies_no_range() -> None:
    for header in ("bytes=0-", "bytes=0-0", "bytes=-1"):
        with pytest.raises(RangeNotSatisfiable):
            requested(header, 0)


@pytest.mark.parametrize(
    "header",
    [
        *(None, "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=--1", "0-1"),
        *("bytes=0-1,3-4", "items=0-1", "bytes=+1-2", "bytes=1_0-2", "bytes=٣-٤", "bytes=²-3"),
        "bytes=" + "0-1," * 10_000,
    ],
)
def test_what_is_no_single_range_of_bytes_is_ignored(header: str | None) -> None:
    assert requested(header, 10) is None


@given(st.text(st.sampled_from("bytes=-, 0123٣²\n"), max_size=20), st.integers(0, 50))
def test_every_selection_lies_within_the_blob(header: str, size: int) -> None:
    try:
        wanted = requested(header, size)
    except RangeNotSatisfiable:
        return
    assert wanted is None or 0 <= wanted.start < wanted.stop <= size


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 50))
def test_a_range_selects_what_slicing_does(first: int, last: int, size: int) -> None:
    data = range(size)
    try:
        wanted = requested(f"bytes={first}-{last}", size)
    except RangeNotSatisfiable:
        assert not data[first : last + 1]
    else:
        assert wanted is not None
        assert data[wanted.start : wanted.stop] == data[first : last + 1]
        assert wanted.length == len(data[first : last + 1])


@pytest.mark.parametrize(
    "header", ["2-4", "bytes 2-4", "bytes=2-4", "bytes 2-4/10", "bytes 2-4/*", " 2-4 "]
)
def test_a_chunk_says_where_it_belongs(header: str) -> None:
    assert chunk(header) == Range(2, 5)


def test_no_content_range_announces_no_chunk() -> None:
    assert chunk(None) is None


@pytest.mark.parametrize(
    "header",
    [
        *("", "2", "-", "2-", "-4", "4-2", "a-b", "٣-٤", "2-4-6", "2-4,5-6", "bytes */10"),
        *("2-4/", f"0-{ENDLESS}", f"{ENDLESS}-{ENDLESS}", "bytes  2-4", "-1-2", "2 - 4"),
    ],
)
def test_any_other_content_range_is_refused(header: str) -> None:
    with pytest.raises(UploadInvalid):
        chunk(header)


@given(st.text(max_size=50))
def test_any_text_is_a_chunk_or_refused(header: str) -> None:
    try:
        found = chunk(header)
    except UploadInvalid:
        return
    assert found is not None
    assert found.length > 0
