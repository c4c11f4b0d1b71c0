"""Names with a colon reach Glance as names."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.util import setup_testing_defaults

import pytest

from registry_glance.glance.name_filter import filter_factory, mend


@pytest.mark.parametrize(
    ("asked", "passed_on"),
    [
        ("name=hipache:latest", "name=eq:hipache:latest"),
        ("name=hipache%3Alatest", "name=eq:hipache%3Alatest"),
        ("name=team%2Fapp%3A1.2&limit=5", "name=eq:team%2Fapp%3A1.2&limit=5"),
        ("limit=5&name=a:b:c", "limit=5&name=eq:a:b:c"),
        ("name=10.0.0.1:5042/app", "name=eq:10.0.0.1:5042/app"),
        ("name=two+words:latest", "name=eq:two+words:latest"),
        ("name=:latest", "name=eq::latest"),
    ],
)
def test_a_name_with_a_colon_is_compared_as_a_whole(asked: str, passed_on: str) -> None:
    assert mend(asked) == passed_on


@pytest.mark.parametrize(
    "query",
    [
        "",
        "name=hipache",
        "name=",
        "name",
        "name=eq:hipache:latest",
        "name=in:hipache:latest,other",
        "name=in:%22a:b%22,%22c%22",
        "name=in%3Aone,two",
        "name=neq:hipache",
        "id=in:1,2",
        "container_format=in:docker,bare",
        "created_at=gte:2013-05-01T00:00:00Z",
        "sort=name:asc",
        "oci_name=a:b",
        "marker=&limit=2",
    ],
)
def test_all_else_is_left_alone(query: str) -> None:
    assert mend(query) == query


@pytest.mark.parametrize(
    ("path", "passed_on"),
    [
        ("/v2/images", "name=eq:a:b"),
        ("/v2/images/", "name=eq:a:b"),
        ("/v2/images/6f2c/file", "name=a:b"),
        ("/v2/tasks", "name=a:b"),
    ],
)
def test_only_listings_of_images_are_changed(path: str, passed_on: str) -> None:
    seen: list[str] = []

    def glance(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ["QUERY_STRING"])
        return [b"answer"]

    environ: WSGIEnvironment = {"PATH_INFO": path, "QUERY_STRING": "name=a:b"}
    setup_testing_defaults(environ)
    answer = filter_factory({})(glance)(environ, lambda *_: lambda _: None)
    assert list(answer) == [b"answer"]
    assert seen == [passed_on]
