"""The arrows of the architecture: who may import whom, as data."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import registry_glance

ROOT = Path(registry_glance.__file__).parent
PACKAGE = ROOT.name

#: They build things, and may import everything.
COMPOSERS = ("__init__", "__main__", "app", "server", "cli")
#: Any other part of the package -> what it may import. A module belongs to the longest name.
ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "config": set(),
    "oci": {"errors"},
    "archive": {"oci", "errors"},
    "client": {"archive", "oci", "errors", "glance"},
    "store": {"oci", "errors"},
    "store.glance": {
        "store.contract",
        "archive",
        "oci",
        "errors",
        "glance",
        "cache",
        "spool",
        "config",
    },
    "api": {"store.contract", "auth", "oci", "errors", "config"},
    "auth": {"glance.cloud", "errors", "config"},
    "cache": {"oci", "errors", "config"},
    "spool": {"oci", "errors", "config"},
    "glance": {"oci", "errors", "config"},
    "doctor": {"auth.policy", "glance.cloud", "config"},
    "worker": {"config", "patience", "tls"},
    "patience": {"config"},
    "tls": {"config"},
    "embedded": set(),
}
#: Library -> the parts that may import it.
LIBRARIES: dict[str, set[str]] = {
    "flask": {"api", "app", "server"},
    "werkzeug": {"api", "app"},
    "requests": {"client", "doctor", "glance", "embedded"},
    "keystoneauth1": {"auth", "client", "doctor", "glance", "embedded"},
    "tqdm": {"cli"},
    "zstandard": {"archive"},
    "glanceclient": {"glance", "embedded"},
    "keystonemiddleware": {"auth"},
    "oslo_config": {"auth"},
    "oslo_policy": {"auth"},
    "keystone": {"embedded"},
    "nova": {"embedded.openstack"},
    "placement": {"embedded.openstack"},
    "pymysql": {"embedded.openstack"},
    "amqp": {"embedded.openstack"},
}

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}


def lies_in(module: str, part: str) -> bool:
    """Whether `module` is `part` or below it."""
    return f"{module}.".startswith(f"{part}.")


def imports(module: str) -> Iterator[str]:
    """The full names of all that a module imports, at its top and inside its functions."""
    path = MODULES[module]
    package = [PACKAGE, *path.relative_to(ROOT).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


def own(module: str) -> set[str]:
    """What a module imports of ours, without the package's name."""
    return {
        name.removeprefix(f"{PACKAGE}.")
        for name in imports(module)
        if lies_in(name, PACKAGE) and name != f"{PACKAGE}.__version__"
    }


def part_of(module: str) -> str:
    """The row of ARROWS for a module, or "" if it has none."""
    return max((part for part in ARROWS if lies_in(module, part)), key=len, default="")


@pytest.mark.parametrize("module", MODULES)
def test_arrows_point_one_way(module: str) -> None:
    if any(lies_in(module, composer) for composer in COMPOSERS):
        return
    part = part_of(module)
    assert part, f"{module} belongs to no row of ARROWS"
    wrong = {
        name
        for name in own(module)
        if part_of(name) != part and not any(lies_in(name, target) for target in ARROWS[part])
    }
    assert not wrong, f"{module} must not import {', '.join(sorted(wrong))}"


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_is_seen_only_behind_its_door(library: str) -> None:
    users = {name for name in MODULES if any(lies_in(seen, library) for seen in imports(name))}
    wrong = {name for name in users if not any(lies_in(name, part) for part in LIBRARIES[library])}
    assert not wrong, f"{', '.join(sorted(wrong))} must not import {library}"
