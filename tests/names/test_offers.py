"""Images of other projects that are called like tags: which of them a name means, and to whom."""

from __future__ import annotations

import pytest

from registry_glance.store.glance.writer import Small
from tests.access.conftest import As, Callers, eventually
from tests.access.questions import READS, answers, pushed
from tests.conftest import StartRegistry
from tests.glance_images.conftest import queued
from tests.names.conftest import SEEN, cataloged, layer, meant, named, renamed, tags

UNLISTED = SEEN | {"list the tags": "404 NAME_UNKNOWN"}


@pytest.mark.parametrize("way", ["public", "community", "shared"])
def test_what_others_show_is_pulled_by_its_name(
    callers: Callers, repository: str, data: bytes, way: str
) -> None:
    alice, bob = callers.alice.tenant, callers.bob.tenant
    row, found = named(callers.alice, repository, data, visibility="shared")
    alice.share(row, bob)
    # Who has accepted nothing means nothing by it.
    assert meant(callers.bob, repository) == 404
    if way == "shared":
        bob.accept(row)
    else:
        callers.adam.tenant.set_visibility(row, way)
    seen = UNLISTED if way == "community" else SEEN
    for client in (callers.bob, callers.carol_in_beta):
        eventually(lambda: answers(client, found, READS), seen)  # noqa: B023
        assert cataloged(client, repository) == (way != "community")
    assert found.ask(callers.bob, READS["pull a blob"]).body == data
    renamed(callers.alice, row, "glance/elsewhere")
    eventually(lambda: meant(callers.bob, repository), 404)
    eventually(lambda: found.ask(callers.bob, READS["see the manifest"]).status, 404)
    eventually(lambda: found.ask(callers.bob, READS["see a blob"]).status, 404)
    assert tags(callers.bob, repository) == []


def test_ones_own_image_comes_before_a_tag_that_others_show(
    callers: Callers, repository: str, data: bytes
) -> None:
    """Else any member of any project could give his image a name of mine."""
    alice, bob, carol = callers.alice, callers.bob, callers.carol
    tag = pushed(carol, repository, layer())
    callers.adam.tenant.set_visibility(carol.tenant.image(f"{repository}:latest"), "community")
    eventually(lambda: meant(bob, repository), tag.manifest)
    # What is shared, and accepted, comes before what is the community's, pushed or not.
    row, shared = named(alice, repository, layer(), visibility="shared")
    alice.tenant.share(row, bob.tenant)
    bob.tenant.accept(row)
    eventually(lambda: meant(bob, repository), shared.manifest)
    mine, own = named(bob, repository, data)
    eventually(lambda: meant(bob, repository), own.manifest)
    bob.tenant.glance().delete(mine)
    eventually(lambda: meant(bob, repository), shared.manifest)
    callers.adam.tenant.set_visibility(row, "community")
    eventually(lambda: meant(bob, repository), tag.manifest)


def test_what_the_community_calls_so_hides_no_other(
    callers: Callers, repository: str, data: bytes
) -> None:
    row, first = named(callers.alice, repository, data)
    callers.adam.tenant.set_visibility(row, "public")
    fields = {"container_format": "docker", "disk_format": "raw", "visibility": "community"}
    for _ in range(5):
        last = empty(callers.carol, f"{repository}:latest", **fields)
    assert callers.bob.tenant.glance().get(last)["status"] == "active"
    eventually(lambda: meant(callers.bob, repository), first.manifest)
    assert answers(callers.bob, first, READS) == SEEN


def empty(owner: As, name: str, **fields: object) -> str:
    """An image of a few bytes that are no image."""
    row = queued(owner.tenant, name, **fields)
    owner.tenant.glance().write(row, Small(b"nothing"))
    return row


def test_a_registry_that_has_seen_no_tag_finds_the_digests(
    callers: Callers, repository: str, data: bytes, start_registry: StartRegistry
) -> None:
    """A client is told the tag by one machine, and asks another one for the rest."""
    row, found = named(callers.alice, repository, data)
    callers.adam.tenant.set_visibility(row, "public")
    cold = start_registry(auth="keystone", cache={"staleness": 0})
    for caller in (callers.alice, callers.adam, callers.bob):
        client = As(cold.address, caller.tenant)
        assert found.ask(client, READS["pull a blob"]).body == data
        assert found.ask(client, READS["pull the manifest"]).status == 200
