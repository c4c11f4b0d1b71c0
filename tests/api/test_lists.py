"""Lists in pages: tags, the catalog, referrers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from registry_glance.oci.media_types import OCI_INDEX, OCI_MANIFEST
from tests.api.client import Answer, Client
from tests.api.conftest import PAGE
from tests.api.content import CONFIG, Pusher, descriptor, digest, image

TAGS = ["10", "9", "A", "Z", "_x", "a", "a-b", "a.b", "a_b", "aa", "b"]
KINDS = ["application/vnd.example.sbom+json", "application/vnd.example signature"]


def following(client: Client, path: str | None) -> Iterator[Answer]:
    """A list page by page, as its links lead."""
    while path is not None:
        answer = client("GET", path)
        assert answer.status == 200
        yield answer
        link = re.fullmatch(r'<(/v2/[^>]+)>; rel="next"', answer.headers.get("link", ""))
        path = link.group(1) if link else None


@pytest.fixture(scope="module")
def tagged(reached: Client) -> Pusher:
    """A repository with all of `TAGS`, which no test changes."""
    pusher = Pusher(reached, f"tagged-{uuid4().hex[:8]}")
    name = pusher.image()
    query = "&".join(f"tag={tag}" for tag in reversed(TAGS))
    assert pusher.put(f"{name}?{query}", image()).status == 201
    return pusher


QUERIES: list[tuple[str, list[str], bool]] = [
    ("", TAGS[:PAGE], True),
    ("?n=3", TAGS[:3], True),
    ("?n=3&last=9", TAGS[2:5], True),
    ("?last=_x", TAGS[5:10], True),
    ("?last=a.b", TAGS[8:], False),
    ("?n=3&last=a_b", TAGS[9:], False),
    ("?n=1000", TAGS[:PAGE], True),
    (f"?n={'9' * 5000}", TAGS[:PAGE], True),
    ("?n=0", [], False),
    ("?last=zzz", [], False),
    ("?last=B", TAGS[3:8], True),
    (f"?last={quote('é/../%')}", [], False),
]


@pytest.mark.parametrize(("query", "expected", "more"), QUERIES)
def test_tags_by_page(
    tagged: Pusher, client: Client, query: str, expected: list[str], more: bool
) -> None:
    answer = client("GET", tagged.path(f"tags/list{query}"))
    assert answer.status == 200
    assert answer.json == {"name": tagged.repository, "tags": expected}
    assert ("link" in answer.headers) == more


@pytest.mark.parametrize("query", ["", "?n=1", "?n=4", "?n=11"])
def test_links_lead_through_all_tags(tagged: Pusher, client: Client, query: str) -> None:
    pages = following(client, tagged.path(f"tags/list{query}"))
    assert [tag for page in pages for tag in page.json["tags"]] == TAGS


@pytest.mark.parametrize("n", ["-1", "x", "", "1.5", "+1", "%D9%A1", "1e3", " 1"])
def test_n_that_is_no_number(pusher: Pusher, client: Client, n: str) -> None:
    for path in (pusher.path("tags/list"), "/v2/_catalog"):
        answer = client("GET", f"{path}?n={quote(n, safe='%')}")
        assert (answer.status, answer.code) == (400, "PAGINATION_NUMBER_INVALID")


def test_a_repository_that_is_none(client: Client, repository: str) -> None:
    answer = client("GET", f"/v2/{repository}/tags/list")
    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")


def test_the_catalog_by_page(client: Client, repository: str) -> None:
    wanted = {f"{repository}/{letter}" for letter in "abcdefg"}
    for name in wanted:
        Pusher(client, name).image("latest")
    pages = list(following(client, "/v2/_catalog?n=3"))
    found = [name for page in pages for name in page.json["repositories"]]
    assert found == sorted(found)
    assert wanted <= set(found)
    assert all(len(page.json["repositories"]) <= 3 for page in pages)


def test_an_empty_page_of_the_catalog(client: Client, pusher: Pusher) -> None:
    pusher.image("latest")
    answer = client("GET", "/v2/_catalog?n=0")
    assert (answer.json, "link" in answer.headers) == ({"repositories": []}, False)


def test_nothing_refers(client: Client, pusher: Pusher) -> None:
    answer = client("GET", pusher.path(f"referrers/{digest(b'absent')}"))
    assert (answer.status, answer["Content-Type"]) == (200, OCI_INDEX)
    assert answer.json == {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}


@pytest.mark.parametrize("subject", ["x", "sha256:bad", "latest", "md5:00", "sha256:" + "A" * 64])
def test_a_subject_that_is_no_digest(client: Client, pusher: Pusher, subject: str) -> None:
    answer = client("GET", pusher.path(f"referrers/{subject}"))
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")


def referrer(pusher: Pusher, number: int) -> dict[str, Any]:
    """Push a referrer of the empty image; how it is to be listed."""
    kind, notes = KINDS[number % 2], {"number": str(number)}
    subject = descriptor(image(), OCI_MANIFEST)
    body = image(subject=subject, artifactType=kind, annotations=notes)
    pusher.manifest(body)
    return {**descriptor(body, OCI_MANIFEST), "artifactType": kind, "annotations": notes}


@pytest.fixture
def referred(pusher: Pusher) -> Pusher:
    pusher.blob(CONFIG)
    return pusher


def test_links_lead_through_all_referrers(client: Client, referred: Pusher) -> None:
    expected = [referrer(referred, number) for number in range(PAGE + 2)]
    pages = following(client, referred.path(f"referrers/{digest(image())}"))
    found = [one for page in pages for one in page.json["manifests"]]
    assert found == sorted(expected, key=lambda one: str(one["digest"]))


@pytest.mark.parametrize("kind", KINDS)
def test_referrers_of_one_kind(client: Client, referred: Pusher, kind: str) -> None:
    expected = [referrer(referred, number) for number in range(2 * PAGE + 3)]
    path = referred.path(f"referrers/{digest(image())}?artifactType={quote(kind)}")
    pages = list(following(client, path))
    assert all(page["OCI-Filters-Applied"] == "artifactType" for page in pages)
    found = [one["digest"] for page in pages for one in page.json["manifests"]]
    assert found == sorted(one["digest"] for one in expected if one["artifactType"] == kind)


def test_referrers_of_no_kind(client: Client, referred: Pusher) -> None:
    referrer(referred, 0)
    path = referred.path(f"referrers/{digest(image())}?artifactType=nothing")
    answer = client("GET", path)
    assert (answer.json["manifests"], answer["OCI-Filters-Applied"]) == ([], "artifactType")


def test_a_deleted_referrer_is_not_listed(client: Client, referred: Pusher) -> None:
    one = referrer(referred, 0)
    client("DELETE", referred.path(f"manifests/{one['digest']}"))
    answer = client("GET", referred.path(f"referrers/{digest(image())}"))
    assert answer.json["manifests"] == []


def test_a_page_is_no_larger_than_a_manifest(client: Client, referred: Pusher) -> None:
    subject = descriptor(image(), OCI_MANIFEST)
    for letter in "abc":
        notes = {"padding": letter * (3 << 20)}
        referred.manifest(image(subject=subject, annotations=notes))
    pages = list(following(client, referred.path(f"referrers/{digest(image())}")))
    assert [len(page.json["manifests"]) for page in pages] == [1, 1, 1]
