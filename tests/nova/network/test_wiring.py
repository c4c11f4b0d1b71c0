"""Waiting for Neutron's word, with Nova's own bookkeeping of it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from nova import exception, objects
from nova.network import model

from nova_driver.docker.network.wiring import Wiring
from tests.nova.network.neutron_events import Neutron

PATIENCE = 30  # seconds
UUID = "0c1d2e3f-0000-4000-8000-000000000001"
IDLE = model.VIF(id="0c1d2e3f-0000-4000-8000-00000000000a", active=False)
ACTIVE = model.VIF(id="0c1d2e3f-0000-4000-8000-00000000000b", active=True)


@pytest.fixture
def neutron() -> Neutron:
    return Neutron(objects.Instance(uuid=UUID, vm_state="building", task_state="spawning"))


def plug(neutron: Neutron, timeout: int, is_fatal: bool, *vifs: model.VIF, says: str = "") -> None:
    """Plug, while Neutron says something or nothing."""
    wiring = Wiring(neutron.virtapi, timeout, is_fatal=is_fatal)
    with wiring.awaited(neutron.instance, model.NetworkInfo(vifs)):
        if says:
            neutron.says(IDLE, says)


@pytest.mark.parametrize("is_fatal", [True, False])
def test_neutrons_word_is_enough(neutron: Neutron, is_fatal: bool) -> None:
    plug(neutron, PATIENCE, is_fatal, IDLE, ACTIVE, says="completed")


def test_it_is_waited_for(neutron: Neutron) -> None:
    done = threading.Event()

    def run() -> None:
        plug(neutron, PATIENCE, True, IDLE)
        done.set()

    threading.Thread(target=run, daemon=True).start()
    assert not done.wait(0.3)
    neutron.says(IDLE, "completed")
    assert done.wait(PATIENCE)


@pytest.mark.parametrize("vifs", [[], [ACTIVE], [model.VIF(id="x", active=None)]])
def test_what_works_already_is_not_waited_for(neutron: Neutron, vifs: list[Any]) -> None:
    plug(neutron, PATIENCE, True, *vifs)


def test_no_time_is_no_wait(neutron: Neutron) -> None:
    plug(neutron, 0, True, IDLE)


def test_silence_is_fatal_if_it_is_to_be(neutron: Neutron) -> None:
    with pytest.raises(exception.VirtualInterfaceCreateException):
        plug(neutron, 1, True, IDLE)
    plug(neutron, 1, False, IDLE)


def test_a_failure_is_fatal_if_it_is_to_be(neutron: Neutron) -> None:
    with pytest.raises(exception.VirtualInterfaceCreateException):
        plug(neutron, PATIENCE, True, IDLE, says="failed")
    plug(neutron, PATIENCE, False, IDLE, says="failed")
