"""The arrows of the Nova driver. It and the registry know nothing of each other's code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DRIVER = ROOT / "nova_driver"
REGISTRY = ROOT / "registry_glance"

#: They build things, and may import everything.
COMPOSERS = ("driver", "node")
#: Module of nova_driver/docker -> what of its neighbours it may import. `engine` stands for all
#: below it.
ARROWS: dict[str, set[str]] = {
    "__init__": set(),
    "engine": set(),
    "options": set(),
    "labels": set(),
    "environment": set(),
    "power": set(),
    "privileges": set(),
    "limits": set(),
    "registry": set(),
    "transit": set(),
    "inventory": set(),
    "deliveries": set(),
    "names": set(),
    "reference": {"names"},
    "luggage": {"names", "reference"},
    "origin": {"reference"},
    "creation": {"environment", "labels", "limits", "privileges"},
    "faults": {"engine"},
    "network": {"engine", "containers"},
    "containers": {"engine", "labels"},
    "images": {"engine", "names", "reference"},
    "image_cache": {"engine", "images", "names"},
    "volumes": {"containers", "engine"},
    "commits": {"containers", "engine", "images", "labels", "names", "volumes"},
    "snapshots": {"commits", "containers", "engine", "images", "origin", "reference"},
    "console": {"engine", "containers"},
    "diagnostics": {"containers", "inventory", "power"},
    "events": {"engine", "containers", "deliveries", "labels"},
    "servers": {"engine", "containers", "creation", "images", "network", "reference"},
    "migrations": {
        *("commits", "containers", "creation", "engine", "faults", "images", "luggage"),
        *("reference", "servers", "transit"),
    },
}
#: What only the door to the Engine may import, and what it may not.
HTTP = {"http", "urllib", "requests", "httpx"}
OPENSTACK = {"nova", "oslo_config", "os_vif"}


def modules(folder: Path) -> dict[str, Path]:
    """Dotted name -> file of all modules of a package."""
    found = sorted(folder.rglob("*.py"))
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in found}


def imports(path: Path) -> Iterator[str]:
    """The full names of all that a module imports, at its top and inside its functions."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            source = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


def tops(path: Path) -> set[str]:
    """The packages that a module imports."""
    return {name.partition(".")[0] for name in imports(path)}


def part(name: str) -> str:
    """The row of ARROWS for nova_driver.docker.x.y."""
    return name.split(".")[2]


DOCKER = {
    name: path for name, path in modules(DRIVER).items() if name.startswith("nova_driver.docker.")
}


@pytest.mark.parametrize("name", modules(DRIVER))
def test_the_driver_knows_no_registry(name: str) -> None:
    assert not tops(modules(DRIVER)[name]) & {"registry_glance", "flask", "gunicorn"}


@pytest.mark.parametrize("name", modules(REGISTRY))
def test_the_registry_knows_no_driver(name: str) -> None:
    assert not tops(modules(REGISTRY)[name]) & {"nova_driver"}


@pytest.mark.parametrize("name", DOCKER)
def test_arrows_point_one_way(name: str) -> None:
    if part(name) in COMPOSERS:
        return
    assert part(name) in ARROWS, f"{name} belongs to no row of ARROWS"
    own = {part(seen) for seen in imports(DOCKER[name]) if seen.startswith("nova_driver.docker.")}
    wrong = own - ARROWS[part(name)] - {part(name)}
    assert not wrong, f"{name} must not import {', '.join(sorted(wrong))}"


@pytest.mark.parametrize("name", DOCKER)
def test_http_is_seen_only_behind_its_door(name: str) -> None:
    foreign = OPENSTACK if part(name) == "engine" else HTTP
    assert not tops(DOCKER[name]) & foreign
