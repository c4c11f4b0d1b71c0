"""The door to Glance, against the real one: every method, and every error by its number."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from registry_glance.embedded.cloud import CLOUD_NAME, Cloud
from registry_glance.errors import (
    Denied,
    RegistryError,
    StorageFull,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from registry_glance.glance.client import (
    IDS_PER_QUERY,
    Absent,
    Conflict,
    Glance,
    Member,
    Refused,
)
from registry_glance.glance.cloud import from_clouds_yaml
from registry_glance.store.glance.writer import Small
from tests.faults.fault import ANY, CREATE, DATA, LIST, ROW, Fault, Kind, answers
from tests.faults.proxy import Proxy
from tests.tenants import Tenants

TRIES = 3


@pytest.fixture
def proxy(cloud: Cloud) -> Iterator[Proxy]:
    """Between the door and Glance."""
    proxy = Proxy(cloud.glance_url)
    yield proxy
    proxy.close()


@pytest.fixture
def glance(cloud: Cloud, proxy: Proxy) -> Glance:
    """The door."""
    place = from_clouds_yaml(CLOUD_NAME, str(cloud.clouds_yaml))
    return Glance(replace(place, endpoint=proxy.url), timeout=5, retries=TRIES - 1)


def row(**fields: object) -> dict[str, object]:
    """One that Glance has not seen."""
    formats = {"container_format": "docker", "disk_format": "raw"}
    return {"id": str(uuid4()), "os_hidden": True, **formats, **fields}


def made(glance: Glance, **fields: object) -> str:
    """The ID of a new row."""
    return str(glance.create(row(**fields))["id"])


def filled(glance: Glance, data: bytes = b"data", **fields: object) -> str:
    """The ID of a new row with data."""
    row_id = made(glance, **fields)
    glance.write(row_id, Small(data))
    return row_id


def test_a_row_is_made_read_changed_and_deleted(glance: Glance) -> None:
    wanted = row(oci_kind="test", name="a:b")
    assert glance.create(wanted).items() >= wanted.items()
    row_id = str(wanted["id"])
    assert glance.get(row_id)["status"] == "queued"
    changed = glance.update(row_id, {"oci_kind": "other", "oci_more": "x", "name": None})
    assert (changed["oci_kind"], changed["oci_more"], changed["name"]) == ("other", "x", None)
    glance.delete(row_id)
    with pytest.raises(Absent):
        glance.get(row_id)


def test_data_is_written_once_and_read_in_parts(glance: Glance) -> None:
    data = os.urandom(1 << 20)
    row_id = filled(glance, data)
    found = glance.get(row_id)
    assert (found["status"], found["size"]) == ("active", len(data))
    assert found["os_hash_value"] == hashlib.new(found["os_hash_algo"], data).hexdigest()
    assert b"".join(glance.read(row_id)) == data
    assert b"".join(glance.read(row_id, 10, 1000)) == data[10:1000]
    assert b"".join(glance.read(row_id, 1000)) == data[1000:]
    with pytest.raises(Conflict):
        glance.write(row_id, Small(b"again"))


def test_an_id_is_taken_for_ever(glance: Glance) -> None:
    taken = row()
    glance.create(taken)
    with pytest.raises(Conflict):
        glance.create(taken)
    glance.delete(str(taken["id"]))
    with pytest.raises(Conflict):
        glance.create(taken)


def test_rows_are_found_by_many_ids(glance: Glance) -> None:
    known = [made(glance) for _ in range(3)]
    strange = [str(uuid4()) for _ in range(IDS_PER_QUERY)]
    found = glance.find([known[0], *strange, *known[1:]])
    assert sorted(one["id"] for one in found) == sorted(known)
    assert glance.find([]) == []


def test_named_rows_are_the_visible_ones_of_exactly_that_name(glance: Glance) -> None:
    name = f"team,{uuid4().hex[:8]}/app:1.0"
    shown = made(glance, name=name, os_hidden=False)
    made(glance, name=name)
    made(glance, name=f"{name}.1", os_hidden=False)
    assert [one["id"] for one in glance.named(name)] == [shown]


def test_a_list_goes_on_over_its_pages(glance: Glance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry_glance.glance.client.PAGE", 2)
    known = {filled(glance) for _ in range(5)}
    listed = (one["id"] for one in glance.rows(owner=glance.project(), hidden=True))
    assert {next(listed) for _ in known} == known
    monkeypatch.undo()
    assert not known & {one["id"] for one in glance.rows(owner=glance.project(), hidden=False)}


def test_a_row_is_shared_as_often_as_one_likes(glance: Glance, cloud: Cloud) -> None:
    row_id = made(glance, visibility="shared")
    stranger = Glance(from_clouds_yaml(f"{CLOUD_NAME}-admin", str(cloud.clouds_yaml))).project()
    glance.add_member(row_id, stranger)
    glance.add_member(row_id, stranger)
    assert glance.members(row_id) == [Member(stranger, "pending")]
    glance.answer_for(row_id, Member(stranger, "accepted"))
    assert glance.members(row_id) == [Member(stranger, "accepted")]


def test_what_is_protected_is_not_deleted(glance: Glance) -> None:
    row_id = made(glance, protected=True)
    with pytest.raises(Denied):
        glance.delete(row_id)
    glance.update(row_id, {"protected": False})
    glance.delete(row_id)


def test_glance_refuses_in_its_own_numbers(glance: Glance) -> None:
    strange = str(uuid4())
    with pytest.raises(Absent):
        glance.update(strange, {"a": "b"})
    with pytest.raises(Absent):
        glance.delete(strange)
    with pytest.raises(Absent):
        glance.members(strange)
    with pytest.raises(Absent):
        glance.write(strange, Small(b"x"))
    with pytest.raises(Absent):
        list(glance.read(strange))
    with pytest.raises(Absent):
        list(glance.read(made(glance)))
    with pytest.raises(Refused):
        glance.create(row(container_format="nonsense"))


def test_a_caller_does_what_he_may_and_no_more(glance: Glance, tenants: Tenants) -> None:
    alice = glance.as_caller(tenants.alice.token())
    row_id = made(alice)
    assert alice.get(row_id)["owner"] == tenants.alice.project_id
    with pytest.raises(Absent):
        glance.as_caller(tenants.bob.token()).get(row_id)
    with pytest.raises(Denied):
        alice.create(row(visibility="public"))
    with pytest.raises(Denied):
        alice.update(row_id, {"owner": tenants.bob.project_id})


def test_a_token_that_glance_does_not_know_is_the_callers_matter(glance: Glance) -> None:
    for method in (glance.as_caller("nonsense").get, glance.as_caller("nonsense").delete):
        with pytest.raises(Unauthenticated):
            method(made(glance))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Refused),
        (401, Unavailable),
        (403, Denied),
        (404, Absent),
        (405, Refused),
        (409, Conflict),
        (410, Absent),
        (413, TooLarge),
        (429, Unavailable),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
        (507, StorageFull),
    ],
)
def test_an_error_is_known_by_its_number(
    glance: Glance, proxy: Proxy, status: int, error: type[RegistryError]
) -> None:
    row_id = filled(glance)
    proxy.fail(answers(status, at=1 << 20))
    calls: list[Callable[[], object]] = [
        lambda: glance.get(row_id),
        lambda: glance.write(row_id, Small(b"x")),
        lambda: glance.read(row_id),
        lambda: glance.update(row_id, {"a": "b"}),
        lambda: glance.delete(row_id),
    ]
    for call in calls if status in (404, 503) else calls[:3]:
        with pytest.raises(error) as raised:
            call()
        assert status == 401 or type(raised.value) is error


@pytest.mark.parametrize(
    "fault",
    [
        answers(503, at=1 << 20),
        answers(401, at=1 << 20),
        Fault("", ANY, Kind.RESET),
        Fault("", ANY, Kind.LOSE),
    ],
    ids=lambda fault: f"{fault.kind.name}-{fault.status}",
)
def test_a_harmless_call_is_tried_again(glance: Glance, proxy: Proxy, fault: Fault) -> None:
    row_id = filled(glance)
    for call in (
        lambda: glance.get(row_id),
        lambda: glance.find([row_id]),
        lambda: glance.update(row_id, {"a": "b"}),
        lambda: list(glance.read(row_id)),
    ):
        proxy.fail(Fault(**{**vars(fault), "times": TRIES - 1}))
        assert call()


def test_a_row_whose_answer_was_lost_is_ours(glance: Glance, proxy: Proxy) -> None:
    proxy.fail(Fault("POST", CREATE, Kind.LOSE, times=1))
    wanted = row(oci_kind="test")
    assert glance.create(wanted)["id"] == wanted["id"]
    assert len(proxy.seen("POST", CREATE)) == 2


def test_data_is_never_sent_twice_to_one_row(glance: Glance, proxy: Proxy) -> None:
    row_id = made(glance)
    proxy.fail(Fault("PUT", DATA, Kind.LOSE, times=1))
    with pytest.raises(Unavailable):
        glance.write(row_id, Small(b"data"))
    assert len(proxy.seen("PUT", DATA)) == 1


def test_a_refused_token_costs_no_data(glance: Glance, proxy: Proxy) -> None:
    """keystoneauth logs in again and repeats the request; the body has to begin anew."""
    row_id, data = made(glance), os.urandom(1 << 20)
    proxy.fail(Fault("PUT", DATA, Kind.ANSWER, at=len(data), status=401, times=1))
    glance.write(row_id, Small(data))
    assert b"".join(glance.read(row_id)) == data


@pytest.mark.parametrize("at", [0, 1000])
def test_a_read_that_breaks_off_is_no_end(glance: Glance, proxy: Proxy, at: int) -> None:
    row_id = filled(glance, os.urandom(1 << 20))
    proxy.fail(Fault("GET", DATA, Kind.CUT, at=at))
    with pytest.raises(Unavailable):
        list(glance.read(row_id))


def test_a_silent_glance_is_given_up(glance: Glance, proxy: Proxy) -> None:
    row_id = made(glance)
    proxy.fail(Fault("PUT", DATA, Kind.HANG))
    with pytest.raises(Unavailable):
        glance.write(row_id, Small(b"data"))


def test_what_is_no_json_is_no_answer(glance: Glance, proxy: Proxy) -> None:
    proxy.fail(answers(200, "GET", f"{ROW}|{LIST}"))
    with pytest.raises(Unavailable):
        glance.get(str(uuid4()))


def test_a_keystone_that_is_away_is_unavailable(cloud: Cloud) -> None:
    place = from_clouds_yaml(CLOUD_NAME, str(cloud.clouds_yaml))
    away = replace(place, auth={**place.auth, "auth_url": "http://127.0.0.1:9/v3"})
    with pytest.raises(Unavailable):
        Glance(away, retries=0).project()


def test_a_wrong_password_is_unavailable_and_not_told(cloud: Cloud) -> None:
    place = from_clouds_yaml(CLOUD_NAME, str(cloud.clouds_yaml))
    wrong = replace(place, auth={**place.auth, "password": "a-wrong-password"})
    with pytest.raises(Unavailable) as raised:
        Glance(wrong, retries=0).project()
    assert "a-wrong-password" not in str(raised.value)
