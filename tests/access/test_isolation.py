"""Two projects with a repository of the same name never meet."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from uuid import uuid4

import pytest

from registry_glance.oci.media_types import OCI_MANIFEST
from tests.access.conftest import As, Callers
from tests.access.held import near, rows
from tests.access.questions import READS, UPLOADS, Image, answers, pushed, told
from tests.api.client import Answer
from tests.api.content import Pusher, descriptor, digest, image, index
from tests.registry import Registry


@dataclass(frozen=True)
class Both:
    """Images of the same name, one of alice's in alpha and one of bob's in beta."""

    repository: str
    alice: Image
    bob: Image


@pytest.fixture(scope="module")
def both(callers: Callers) -> Both:
    repository = f"same-{uuid4().hex[:12]}"
    images = (
        pushed(caller, repository, secrets.token_bytes(1000))
        for caller in (callers.alice, callers.bob)
    )
    return Both(repository, *images)


@pytest.fixture
def strangers(callers: Callers) -> tuple[As, ...]:
    """Those who are not of alpha."""
    return callers.bob, callers.carol_in_beta, callers.carol


def missing(answer: Answer) -> list[str]:
    """The digests that a refused manifest names in vain."""
    return [error["detail"]["digest"] for error in answer.json["errors"]]


def test_each_pulls_his_own(callers: Callers, both: Both) -> None:
    for caller, found in ((callers.alice, both.alice), (callers.bob, both.bob)):
        assert answers(caller, found, READS) == dict.fromkeys(READS, "200")
        tag = found.ask(caller, READS["pull the tag"])
        assert tag["Docker-Content-Digest"] == found.manifest
        assert found.ask(caller, READS["pull a blob"]).body == found.data


def test_nobody_pulls_anothers_by_digest(
    tenant_registry: Registry, both: Both, strangers: tuple[As, ...]
) -> None:
    assert near(tenant_registry, both.alice.layer).read_bytes() == both.alice.data
    assert near(tenant_registry, both.alice.manifest).exists()
    for client in strangers:
        for method in ("HEAD", "GET"):
            for path in (f"manifests/{both.alice.manifest}", f"blobs/{both.alice.layer}"):
                assert both.alice.ask(client, (method, path)).status == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-0"},
        {"Range": "bytes=0-0,5-9"},
        {"Range": "bytes=5000-"},
        {"If_None_Match": '"{digest}"'},
        {"If_None_Match": "*"},
        {"If_Range": '"{digest}"', "Range": "bytes=1-9"},
    ],
    ids=lambda headers: "-".join(f"{name}={value}" for name, value in headers.items()),
)
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_no_header_tells_that_a_registry_holds_anothers_bytes(
    tenant_registry: Registry,
    callers: Callers,
    both: Both,
    headers: dict[str, str],
    method: str,
) -> None:
    """The answer is that to a digest that nobody has."""
    found = {}
    for name in (both.alice.layer, digest(b"nobody's")):
        sent = {header: value.format(digest=name) for header, value in headers.items()}
        answer = callers.bob(method, f"/v2/{both.repository}/blobs/{name}", **sent)
        unlike = ("date", "x-request-id")
        kept = {header: value for header, value in answer.headers.items() if header not in unlike}
        found[name] = (answer.status, kept, answer.body.replace(name.encode(), b"DIGEST"))
    assert near(tenant_registry, both.alice.layer).exists()
    one, other = found.values()
    assert one == other
    assert one[0] == 404


@pytest.mark.parametrize("source", ["{repository}", "", "library/other"])
def test_anothers_blob_is_not_mounted(
    tenant_registry: Registry, callers: Callers, both: Both, source: str
) -> None:
    source = source.format(repository=both.repository)
    query = f"mount={both.alice.layer}" + (f"&from={source}" if source else "")
    answer = callers.bob("POST", f"/v2/{both.repository}/blobs/uploads/?{query}")
    assert near(tenant_registry, both.alice.layer).exists()
    assert answer.status == 202
    assert "docker-content-digest" not in answer.headers
    assert callers.bob("DELETE", answer["Location"]).status == 204
    assert both.alice.ask(callers.bob, READS["see a blob"]).status == 404


def test_a_manifest_that_names_anothers_blob_is_refused(callers: Callers, both: Both) -> None:
    pusher = Pusher(callers.bob, both.repository)
    named = descriptor(both.alice.data)
    for manifest in (
        image(both.alice.data),
        image(both.bob.data, both.alice.data),
        image(both.bob.data, config=named),
    ):
        answer = pusher.put("forged", manifest)
        assert told(answer) == "404 MANIFEST_BLOB_UNKNOWN"
        assert missing(answer) == [both.alice.layer]
    assert told(callers.bob("GET", pusher.path("manifests/forged"))) == "404 MANIFEST_UNKNOWN"


def test_an_index_that_names_anothers_manifest_is_refused(callers: Callers, both: Both) -> None:
    answer = Pusher(callers.bob, both.repository).put("forged", index(image(both.alice.data)))
    assert told(answer) == "404 MANIFEST_BLOB_UNKNOWN"
    assert missing(answer) == [both.alice.manifest]


def test_another_project_does_nothing_with_an_upload(callers: Callers, both: Both) -> None:
    """Not even under the same name; and what its owner has sent stays as it was."""
    data = secrets.token_bytes(1000)
    location = Pusher(callers.alice, both.repository).upload()
    assert callers.alice("PATCH", location, data[:600]).status == 202
    upload = Image(both.repository, "", digest(data), data, location.rpartition("/")[2])
    for client in (callers.bob, callers.carol):
        wanted = dict.fromkeys(UPLOADS, "404 BLOB_UPLOAD_UNKNOWN")
        assert answers(client, upload, UPLOADS) == wanted
    assert callers.alice("GET", location)["Range"] == "0-599"
    end = f"{location}?digest={upload.layer}"
    assert callers.alice("PUT", end, data[600:]).status == 201
    assert callers.bob("PUT", end).status == 404
    assert upload.ask(callers.bob, READS["see a blob"]).status == 404
    assert upload.ask(callers.alice, READS["pull a blob"]).body == data


def test_an_upload_is_its_repositorys(callers: Callers, both: Both, repository: str) -> None:
    location = Pusher(callers.alice, both.repository).upload()
    elsewhere = location.replace(both.repository, repository)
    assert told(callers.alice("GET", elsewhere)) == "404 BLOB_UPLOAD_UNKNOWN"
    assert told(callers.alice("PUT", f"{elsewhere}?digest={digest(b'')}")) == (
        "404 BLOB_UPLOAD_UNKNOWN"
    )


def test_tags_are_listed_apart(callers: Callers, both: Both) -> None:
    path = f"/v2/{both.repository}/tags/list"
    Pusher(callers.alice, both.repository).manifest(image(both.alice.data, one=1), "of-alice")
    Pusher(callers.bob, both.repository).manifest(image(both.bob.data, one=1), "of-bob")
    assert callers.alice("GET", path).json["tags"] == ["latest", "of-alice"]
    assert callers.bob("GET", path).json["tags"] == ["latest", "of-bob"]
    assert callers.carol("GET", path).status == 404


def test_catalogs_list_what_is_ones_own(callers: Callers, both: Both, repository: str) -> None:
    pushed(callers.alice, repository, secrets.token_bytes(10))

    def listed(client: As) -> list[str]:
        found = client("GET", "/v2/_catalog?n=10000").json["repositories"]
        return [name for name in (both.repository, repository) if name in found]

    assert listed(callers.alice) == listed(callers.rita) == [both.repository, repository]
    assert listed(callers.bob) == listed(callers.carol_in_beta) == [both.repository]
    assert listed(callers.carol) == []


def test_referrers_are_listed_apart(callers: Callers, repository: str) -> None:
    """Both have the very same image; only alice has signed it."""
    data = secrets.token_bytes(100)
    found = [pushed(caller, repository, data) for caller in (callers.alice, callers.bob)]
    assert found[0] == found[1]
    subject = {"mediaType": OCI_MANIFEST, "digest": found[0].manifest, "size": 1}
    signature = Pusher(callers.alice, repository).manifest(image(subject=subject))
    path = f"/v2/{repository}/referrers/{found[0].manifest}"
    listed = [
        [one["digest"] for one in caller("GET", path).json["manifests"]]
        for caller in (callers.alice, callers.bob)
    ]
    assert listed == [[signature], []]


def test_nobody_deletes_anothers(callers: Callers, both: Both) -> None:
    for rest in (f"manifests/{both.alice.manifest}", f"blobs/{both.alice.layer}"):
        assert callers.bob("DELETE", f"/v2/{both.repository}/{rest}").status == 404
    assert answers(callers.alice, both.alice, READS) == dict.fromkeys(READS, "200")


def test_what_one_deletes_the_other_keeps(callers: Callers, repository: str) -> None:
    """Tag, manifest and blob: the same in both projects, and gone in one."""
    data = secrets.token_bytes(1000)
    found = pushed(callers.alice, repository, data)
    assert pushed(callers.bob, repository, data) == found
    for rest in ("latest", found.manifest):
        assert callers.bob("DELETE", f"/v2/{repository}/manifests/{rest}").status == 202
    assert callers.bob("DELETE", f"/v2/{repository}/blobs/{found.layer}").status == 202
    assert set(answers(callers.alice, found, READS).values()) == {"200"}
    assert {answer[:3] for answer in answers(callers.bob, found, READS).values()} == {"404"}
    assert found.ask(callers.alice, READS["pull a blob"]).body == data


def test_the_same_bytes_are_each_projects_own_rows(callers: Callers, repository: str) -> None:
    data = secrets.token_bytes(1000)
    for caller in (callers.alice, callers.bob):
        pushed(caller, repository, data)
    held = [
        {row["oci_kind"]: row for row in rows(caller.tenant, oci_digest=digest(data))}
        for caller in (callers.alice, callers.bob)
    ]
    assert [sorted(kinds) for kinds in held] == [["blob", "upload"]] * 2
    for kinds in held:
        assert kinds["blob"]["oci_row"] == kinds["upload"]["id"]
        assert {row["visibility"] for row in kinds.values()} == {"private"}
    one, other = ({row["id"] for row in kinds.values()} for kinds in held)
    assert not one & other


def test_a_blob_of_another_has_to_be_sent(callers: Callers, repository: str) -> None:
    """Whoever names a digest proves by its bytes that he has them."""
    found = pushed(callers.alice, repository, secrets.token_bytes(1000))
    location = Pusher(callers.bob, repository).upload()
    assert told(callers.bob("PUT", f"{location}?digest={found.layer}")) == "400 DIGEST_INVALID"
    location = Pusher(callers.bob, repository).upload()
    wrong = callers.bob("PUT", f"{location}?digest={found.layer}", found.data[:-1])
    assert told(wrong) == "400 DIGEST_INVALID"
    path = f"/v2/{repository}/blobs/uploads/?digest={found.layer}"
    assert told(callers.bob("POST", path)) == "400 DIGEST_INVALID"
    assert found.ask(callers.bob, READS["see a blob"]).status == 404
    assert callers.bob("POST", path, found.data).status == 201
    assert found.ask(callers.bob, READS["pull a blob"]).body == found.data
