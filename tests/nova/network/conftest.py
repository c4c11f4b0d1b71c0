"""A compute host as in tests/nova/driver, with an Open vSwitch beside its Docker Engine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.clients.conftest import require
from tests.nova.driver.conftest import engine, glance, host, nova_settings, user
from tests.nova.network.open_vswitch import OpenVSwitch

if TYPE_CHECKING:
    from tests.nova.network.lan import Lan

__all__ = ["engine", "glance", "host", "nova_settings", "user"]

collect_ignore_glob = [] if find_spec("nova") and find_spec("pyroute2") else ["test_*.py"]

#: The processes in which os-vif and the driver are root, as they are configured.
PRIVILEGED = ("vif_plug_ovs_privileged", "docker_privileged")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs root."""
    for item in items:
        if {"engine", "switch"} & {*getattr(item, "fixturenames", ())}:
            item.add_marker("root")


@pytest.fixture(scope="module")
def open_vswitch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenVSwitch]:
    """An Open vSwitch that nobody else uses."""
    require(OpenVSwitch.obstacle())
    switch = OpenVSwitch(tmp_path_factory.mktemp("ovs"))
    switch.start()
    yield switch
    switch.stop()


@pytest.fixture(scope="module")
def switch(open_vswitch: OpenVSwitch, nova_settings: None) -> Iterator[OpenVSwitch]:
    """The same, to which os-vif plugs."""
    import nova.conf
    import os_vif

    import nova_driver.docker.network.privilege  # noqa: F401

    helper = Path(sys.executable).with_name("privsep-helper")
    conf = nova.conf.CONF
    for group in PRIVILEGED:
        conf.set_override("helper_command", str(helper), group)
    conf.set_override("ovsdb_connection", open_vswitch.connection, "os_vif_ovs")
    os_vif.initialize(reset=True)
    yield open_vswitch
    for group in PRIVILEGED:
        conf.clear_override("helper_command", group)


@pytest.fixture(params=["direct", "hybrid"])
def any_lan(switch: OpenVSwitch, request: pytest.FixtureRequest) -> Iterator[Lan]:
    """A network on a bridge of its own; `hybrid`: with a Linux bridge before each port."""
    yield from lans(switch, hybrid=request.param == "hybrid")


@pytest.fixture
def lan(switch: OpenVSwitch) -> Iterator[Lan]:
    """A network on a bridge of its own."""
    yield from lans(switch, hybrid=False)


def lans(switch: OpenVSwitch, hybrid: bool) -> Iterator[Lan]:
    """A network until nobody needs it."""
    from tests.nova.network.lan import Lan

    lan = Lan(switch, hybrid=hybrid)
    switch.add_bridge(lan.bridge)
    yield lan
    switch.remove_bridge(lan.bridge)
