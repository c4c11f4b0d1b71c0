"""What is changed in Glance of what was pushed, as all workers of a registry tell it."""

from __future__ import annotations

import pytest

from tests.access.conftest import As, Callers, eventually
from tests.access.held import rows
from tests.access.questions import READS, Image, answers, pushed, told
from tests.api.content import Pusher, image
from tests.names.conftest import SEEN, cataloged, layer, meant, renamed, row_of, tags
from tests.tenants import Tenant

GONE_TAG = SEEN | {"see the tag": "404", "pull the tag": "404 MANIFEST_UNKNOWN"}


def reactivated(tenant: Tenant, row: str, *, active: bool = True) -> None:
    """`image set --activate`, or `--deactivate`, which is for admins."""
    action = "reactivate" if active else "deactivate"
    tenant.glance()._json("POST", f"/v2/images/{row}/actions/{action}")


def listed(client: As, repository: str) -> tuple[list[str], bool]:
    """The tags, and whether the repository is in the catalog."""
    return tags(client, repository), cataloged(client, repository)


def named_so(client: As, row: str) -> object:
    """What a row is called."""
    return row_of(client, row)["name"]


def row_id(client: As, found: Image) -> str:
    return client.tenant.image(f"{found.repository}:latest")


def test_a_tag_renamed_within_its_repository(
    callers: Callers, repository: str, data: bytes
) -> None:
    found = pushed(callers.alice, repository, data)
    renamed(callers.alice, row_id(callers.alice, found), f"{repository}:other")
    eventually(lambda: meant(callers.alice, repository), 404)
    eventually(lambda: meant(callers.alice, repository, "other"), found.manifest)
    eventually(lambda: listed(callers.alice, repository), (["other"], True))
    assert answers(callers.alice, found, READS) == GONE_TAG


@pytest.mark.parametrize("tag", [":latest", ""])
def test_a_tag_renamed_to_another_repository(
    callers: Callers, repository: str, data: bytes, tag: str
) -> None:
    alice, other = callers.alice, f"{repository}/other"
    found = pushed(alice, repository, data)
    row = row_id(alice, found)
    assert meant(alice, repository) == found.manifest
    renamed(alice, row, f"{other}{tag}")
    eventually(lambda: meant(alice, repository), 404)
    moved = Image(other, found.manifest, found.layer, data)
    eventually(lambda: answers(alice, moved, READS), SEEN)
    eventually(lambda: listed(alice, repository), ([], False))
    eventually(lambda: listed(alice, other), (["latest"], True))
    # It is the tag of that name, so the next push follows it.
    again = pushed(alice, other, layer())
    assert meant(alice, other) == again.manifest
    assert row_of(alice, row)["name"] == (None if tag else other)
    assert tags(alice, other) == ["latest"]


def test_a_tag_without_a_name_is_no_tag(callers: Callers, repository: str, data: bytes) -> None:
    found = pushed(callers.alice, repository, data)
    row = row_id(callers.alice, found)
    renamed(callers.alice, row, None)
    eventually(lambda: meant(callers.alice, repository), 404)
    eventually(lambda: listed(callers.alice, repository), ([], False))
    by_id = Image(f"glance/{row}", found.manifest, found.layer, data)
    assert answers(callers.alice, by_id, READS) == SEEN
    callers.alice.tenant.glance().delete(row)


def test_two_tags_swap_their_names(callers: Callers, repository: str) -> None:
    alice = callers.alice
    names = [repository, f"{repository}/b"]
    found = [pushed(alice, name, layer()) for name in names]
    ids = [row_id(alice, one) for one in found]
    renamed(alice, ids[0], "swapping:1")
    renamed(alice, ids[1], f"{names[0]}:latest")
    renamed(alice, ids[0], f"{names[1]}:latest")
    for name, one in zip(names, reversed(found), strict=True):
        swapped = Image(name, one.manifest, one.layer, one.data)
        eventually(lambda: meant(alice, name), one.manifest)  # noqa: B023
        eventually(lambda: answers(alice, swapped, READS), SEEN)  # noqa: B023
        assert tags(alice, name) == ["latest"]


def test_a_hidden_tag_has_no_name(callers: Callers, repository: str, data: bytes) -> None:
    alice = callers.alice
    found = pushed(alice, repository, data)
    row = row_id(alice, found)
    callers.adam.tenant.set_visibility(row, "public")
    eventually(lambda: answers(callers.bob, found, READS), SEEN)
    alice.tenant.glance().update(row, {"os_hidden": True})
    eventually(lambda: meant(alice, repository), 404)
    eventually(lambda: meant(callers.bob, repository), 404)
    eventually(lambda: listed(alice, repository), ([], False))
    eventually(lambda: listed(callers.bob, repository), ([], False))
    alice.tenant.glance().update(row, {"os_hidden": False})
    for client in (alice, callers.bob):
        eventually(lambda: answers(client, found, READS), SEEN)  # noqa: B023
        eventually(lambda: cataloged(client, repository), True)  # noqa: B023


def test_a_deactivated_tag_leaves_its_name_to_nobody(
    callers: Callers, repository: str, data: bytes
) -> None:
    alice = callers.alice
    found = pushed(alice, repository, data)
    row = row_id(alice, found)
    other = pushed(callers.carol, repository, layer())
    callers.adam.tenant.set_visibility(row_id(callers.carol, other), "public")
    eventually(lambda: meant(callers.bob, repository), other.manifest)
    reactivated(callers.adam.tenant, row, active=False)
    eventually(lambda: meant(alice, repository), 404)
    by_id = Image(f"glance/{row}", found.manifest, found.layer, data)
    eventually(lambda: told(by_id.ask(alice, READS["pull the tag"])), "404 MANIFEST_UNKNOWN")
    reactivated(callers.adam.tenant, row)
    eventually(lambda: answers(alice, found, READS), SEEN)


def test_a_tag_that_comes_back_does_not_supersede_what_was_pushed_meanwhile(
    callers: Callers, repository: str, data: bytes
) -> None:
    alice = callers.alice
    pushed(alice, repository, layer())
    row = row_id(alice, pushed(alice, repository, data))
    reactivated(callers.adam.tenant, row, active=False)
    eventually(lambda: meant(alice, repository), 404)
    latest = pushed(alice, repository, layer())
    reactivated(callers.adam.tenant, row)
    # Who asks next mends it.
    eventually(lambda: (meant(alice, repository), named_so(alice, row)), (latest.manifest, None))


def test_a_deleted_manifest_is_gone_with_its_tag(
    callers: Callers, repository: str, data: bytes
) -> None:
    alice = callers.alice
    found = pushed(alice, repository, data)
    assert answers(alice, found, READS) == SEEN
    (beside,) = rows(alice.tenant, oci_kind="manifest", oci_digest=found.manifest)
    alice.tenant.glance().delete(beside["id"])
    eventually(lambda: meant(alice, repository), 404)
    eventually(lambda: told(found.ask(alice, READS["see the manifest"])), "404")
    # The same push mends it.
    assert Pusher(alice, repository).put("latest", image(data)).status == 201
    assert answers(alice, found, READS) == SEEN
