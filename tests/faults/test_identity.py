"""Keystone that is away: requests say so, and everything works once it is back."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from registry_glance.embedded.cloud import Cloud
from tests.api.client import Answer
from tests.api.content import Pusher
from tests.faults.behind import Behind, behind
from tests.faults.fault import ANY, Fault, Kind, answers
from tests.faults.patience import until
from tests.faults.workers import workers

PATH = "/v2/app/manifests/latest"


def unavailable(answer: Answer) -> bool:
    """Whether the client is told to come again."""
    told = (answer.status, answer.code) == (503, "UNAVAILABLE")
    return told and "retry-after" in answer.headers


@pytest.mark.parametrize(
    "fault",
    [Fault("", ANY, Kind.RESET), answers(503, at=1 << 20)],
    ids=["away", "failing"],
)
def test_keystone_may_come_after_the_registry(cloud: Cloud, tmp_path: Path, fault: Fault) -> None:
    with behind(cloud, tmp_path, start=False, glance={"retries": 1}) as place:
        place.keystone.fail(fault)
        place.registry.start()
        assert unavailable(place.client("GET", PATH))
        place.keystone.heal()
        assert until(lambda: place.client("GET", PATH).status == 404)


def test_glance_may_come_after_the_registry(cloud: Cloud, tmp_path: Path) -> None:
    with behind(cloud, tmp_path, start=False, glance={"retries": 1}) as place:
        place.glance.fail(Fault("", ANY, Kind.RESET))
        place.registry.start()
        assert unavailable(place.client("GET", PATH))
        place.glance.heal()
        assert until(lambda: place.client("GET", PATH).status == 404)


def test_a_worker_may_die_while_keystone_is_away(place: Behind, pusher: Pusher) -> None:
    pusher.image("latest")
    old = workers(place.registry)
    place.keystone.fail(Fault("", ANY, Kind.RESET))
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    assert until(
        lambda: len(workers(place.registry)) == len(old) and not {*old} & {*workers(place.registry)}
    )
    place.keystone.heal()
    assert until(lambda: pusher.client("GET", pusher.path("manifests/latest")).status == 200)
    assert workers(place.registry)


def test_a_token_that_runs_out_is_not_noticed(place: Behind, pusher: Pusher) -> None:
    pusher.image("latest")
    place.keystone.forget()
    place.glance.fail(Fault("", ANY, Kind.ANSWER, at=1 << 20, status=401, times=1))
    assert pusher.client("GET", pusher.path("manifests/latest")).status == 200
    assert place.keystone.seen("POST", "/auth/tokens")
