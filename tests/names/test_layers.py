"""Layers that are deleted or deactivated in Glance are no blobs any more."""

from __future__ import annotations

import pytest

from tests.access.conftest import Callers, eventually
from tests.access.held import rows
from tests.access.questions import READS, answers, pushed, told
from tests.api.content import Pusher, image
from tests.names.conftest import SEEN
from tests.names.test_changes import reactivated


@pytest.mark.parametrize("kind", ["blob", "upload"])
def test_a_deleted_layer_is_gone(callers: Callers, repository: str, data: bytes, kind: str) -> None:
    """Its entry, or its bytes; they are pushed again then."""
    alice = callers.alice
    found = pushed(alice, repository, data)
    assert answers(alice, found, READS) == SEEN
    (row,) = rows(alice.tenant, oci_kind=kind, oci_digest=found.layer)
    alice.tenant.glance().delete(row["id"])
    eventually(lambda: told(found.ask(alice, READS["see a blob"])), "404")
    eventually(lambda: told(found.ask(alice, READS["pull a blob"])), "404 BLOB_UNKNOWN")
    put = Pusher(alice, repository).put("again", image(data))
    assert told(put) == "404 MANIFEST_BLOB_UNKNOWN"
    Pusher(alice, repository).blob(data)
    assert found.ask(alice, READS["pull a blob"]).body == data
    assert Pusher(alice, repository).put("again", image(data)).status == 201


def test_a_deactivated_layer_is_not_given_away(
    callers: Callers, repository: str, data: bytes
) -> None:
    alice = callers.alice
    found = pushed(alice, repository, data)
    assert answers(alice, found, READS) == SEEN
    (row,) = rows(alice.tenant, oci_kind="upload", oci_digest=found.layer)
    reactivated(callers.adam.tenant, row["id"], active=False)
    eventually(lambda: told(found.ask(alice, READS["pull a blob"])), "404 BLOB_UNKNOWN")
    reactivated(callers.adam.tenant, row["id"])
    eventually(lambda: told(found.ask(alice, READS["pull a blob"])), "200")
