"""Whether tokens are safe on their way, by what the Engine says of itself."""

from __future__ import annotations

from typing import Any

import pytest

from nova_driver.docker.registry import authority, is_exposed

INFO: dict[str, Any] = {
    "RegistryConfig": {
        "InsecureRegistryCIDRs": ["127.0.0.0/8", "10.0.0.0/8", "fd00::/8"],
        "IndexConfigs": {
            "192.0.2.1:5042": {"Secure": False},
            "192.0.2.2:5042": {"Secure": True},
            "registry.invalid:5042": {"Secure": False},
            "[fd00::2]:5042": {"Secure": True},
        },
    }
}

HOSTS = {
    "127.0.0.1": False,
    "::1": False,
    "10.0.2.15": True,
    "fd00::1": True,
    "fd00::2": False,
    "192.0.2.1": True,
    "192.0.2.2": False,
    "192.0.2.3": False,
    "registry.invalid": True,
    "other.invalid": False,
}


@pytest.mark.parametrize("host", HOSTS)
def test_an_insecure_registry_beyond_this_machine_is_exposed(host: str) -> None:
    assert is_exposed(INFO, host, 5042) is HOSTS[host]


@pytest.mark.parametrize("info", [{}, {"RegistryConfig": None}, {"RegistryConfig": {}}])
def test_an_engine_that_trusts_nobody_exposes_nothing(info: dict[str, Any]) -> None:
    assert not is_exposed(info, "192.0.2.1", 5042)


def test_an_ipv6_address_has_brackets() -> None:
    assert authority("fd00::1", 5042) == "[fd00::1]:5042"
    assert authority("192.0.2.1", 5042) == "192.0.2.1:5042"
