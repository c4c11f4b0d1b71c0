"""Repository names, tags and references."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_glance.errors import DigestInvalid, ManifestUnknown, NameInvalid
from registry_glance.oci.digest import Digest
from registry_glance.oci.names import (
    NAME_LIMIT,
    REPOSITORY_LIMIT,
    TAG,
    Repository,
    Tag,
    reference,
)


@pytest.mark.parametrize(
    "name", ["a", "0", "hipache", "team/app", "a.b_c__d-e---f/g", "a/b/c/d/e", "blobs/uploads/tags"]
)
def test_names_of_the_grammar_are_repositories(name: str) -> None:
    assert str(Repository.parse(name)) == name


ID = "0c5f6a1e-6f0b-4c5e-9a53-5b1d0f6f8e7a"


@pytest.mark.parametrize(
    ("name", "image"),
    [(f"glance/{ID}", ID), ("glance", None), (f"a/glance/{ID}", None), (ID, None)],
)
def test_below_the_reserved_prefix_a_name_is_an_images_id(name: str, image: str | None) -> None:
    assert Repository.parse(name).image == image
    assert image is None or Repository.of_image(image) == Repository.parse(name)


@pytest.mark.parametrize("name", ["", "foo", ID.upper(), f"{ID}/a", f"a/{ID}", ID[:-1], f"{ID}\n"])
def test_nothing_else_is_below_the_reserved_prefix(name: str) -> None:
    with pytest.raises(NameInvalid, match="the ID of an image"):
        Repository.parse(f"glance/{name}")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            ".",
            "..",
            "../x",
            "a/../b",
            "a/./b",
            "A",
            "a/B",
            "-a",
            "a-",
        ),
        *("a..b", "a___b", "a._b", "a.", "_a", "a b", "a:b", "a@b", "a\n", "\na", "a\0", "a%2fb"),
        *("ä", "٣", "\uff41", "\ud800"),
    ],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(NameInvalid):
        Repository.parse(name)


def test_the_longest_repository_and_tag_fit_into_an_images_name() -> None:
    repository, tag = Repository.parse("a" * REPOSITORY_LIMIT), Tag.parse("T" * 128)
    assert len(f"{repository}:{tag}") == NAME_LIMIT
    for parse, text in ((Repository.parse, f"{repository}a"), (Tag.parse, f"{tag}T")):
        with pytest.raises(NameInvalid):
            parse(text)


@pytest.mark.parametrize("tag", ["latest", "1.2", "_", "A-b.C_d", "0" * 128])
def test_tags_of_the_grammar_are_tags(tag: str) -> None:
    assert str(Tag.parse(tag)) == tag
    assert reference(tag) == Tag(tag)


@pytest.mark.parametrize("tag", ["", ".a", "-a", "a/b", "a b", "a\n", "ä", "٣", "a" * 129])
def test_other_tags_are_refused_when_pushed_and_unknown_when_pulled(tag: str) -> None:
    with pytest.raises(NameInvalid):
        Tag.parse(tag)
    with pytest.raises(ManifestUnknown):
        reference(tag)


def test_a_reference_with_a_colon_is_a_digest() -> None:
    digest = Digest.of(b"")
    assert reference(str(digest)) == digest
    for text in ("latest:1", "sha256:", ":", f"{digest}0"):
        with pytest.raises(DigestInvalid):
            reference(text)


@given(st.text(max_size=300))
def test_any_text_is_a_name_or_refused(text: str) -> None:
    for parse in (Repository.parse, Tag.parse):
        with suppress(NameInvalid):
            assert str(parse(text)) == text


words = st.text("ab01", min_size=1, max_size=3)
separators = st.sampled_from([".", "_", "__", "-", "----", "/"])


@given(words, st.lists(st.tuples(separators, words), max_size=10))
def test_whatever_the_grammar_makes_is_a_repository(
    first: str, rest: list[tuple[str, str]]
) -> None:
    name = first + "".join(separator + word for separator, word in rest)
    assert Repository.parse(name) == Repository(name)


@given(st.from_regex(TAG, fullmatch=True))
def test_whatever_the_grammar_makes_is_a_tag(name: str) -> None:
    assert reference(name) == Tag.parse(name) == Tag(name)


def test_a_long_hostile_name_is_refused_at_once() -> None:
    with pytest.raises(NameInvalid):
        Repository.parse("a-" * 5_000_000)
    with pytest.raises(NameInvalid):
        Repository.parse("a_" * 60 + "!")
