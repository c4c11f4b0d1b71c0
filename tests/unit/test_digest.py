"""Digests: sha256 and sha512, in lower case, and nothing else."""

from __future__ import annotations

import hashlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_glance.errors import DigestInvalid
from registry_glance.oci.digest import ALGORITHMS, Digest, algorithm


@given(st.binary(), st.sampled_from(sorted(ALGORITHMS)))
def test_a_digest_reads_as_it_is_written(data: bytes, name: str) -> None:
    digest = Digest.of(data, name)
    assert str(digest) == f"{name}:{hashlib.new(name, data).hexdigest()}"
    assert Digest.parse(str(digest)) == digest
    assert {digest: data}[Digest.parse(str(digest))] == data


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", "sha256", "sha256:", ":" + "0" * 64, "0" * 64),
        *("sha256:" + "0" * 63, "sha256:" + "0" * 65, "sha256:" + "0" * 128, "sha512:" + "0" * 64),
        *("sha256:" + "A" * 64, "SHA256:" + "a" * 64, "sha256:" + "g" * 64, "sha256:" + "٣" * 64),
        *("sha256:" + "0" * 63 + "\n", " sha256:" + "0" * 64, "sha256::" + "0" * 63),
        *(
            "md5:" + "0" * 32,
            "sha384:" + "0" * 96,
            "sha256+b64:" + "0" * 64,
            "sha256:../" + "0" * 61,
        ),
    ],
)
def test_other_digests_are_refused(text: str) -> None:
    with pytest.raises(DigestInvalid):
        Digest.parse(text)


def test_a_refusal_does_not_repeat_all_of_a_long_text() -> None:
    with pytest.raises(DigestInvalid) as refused:
        Digest.parse("sha256:" + "0" * 10_000)
    assert len(refused.value.detail["digest"]) <= 160


@given(st.text())
def test_any_text_is_a_digest_or_refused(text: str) -> None:
    with suppress(DigestInvalid):
        assert str(Digest.parse(text)) == text


def test_an_upload_announces_an_algorithm_that_is_known() -> None:
    assert [algorithm(name) for name in ALGORITHMS] == ["sha256", "sha512"]
    for name in ("", "md5", "SHA256", "sha256 "):
        with pytest.raises(DigestInvalid):
            algorithm(name)
