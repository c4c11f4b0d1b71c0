"""Who one is at a registry whose users are Keystone's, and that nobody else hears of it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.clients.images import greeting
from tests.registry import RegistryProcess
from tests.tenants import Tenant, Tenants


@pytest.fixture
def guest(tenant_registry: RegistryProcess, tmp_path: Path) -> Command:
    """Somebody without any login."""
    return Command(tmp_path, tenant_registry.address)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return greeting("logins", size=5000).write_archive(tmp_path / "image.tar", "image:1")


def by_docker(command: Command, tenant: Tenant) -> None:
    """`docker login` without a helper."""
    login = b64encode(f"{tenant.login}:{tenant.password}".encode()).decode()
    configure(command, {"auths": {command.env["REGISTRY_GLANCE_REGISTRY"]: {"auth": login}}})


def by_helper(command: Command, tenant: Tenant) -> None:
    """`docker login` with a helper, which looks whom it is asked for."""
    address = command.env["REGISTRY_GLANCE_REGISTRY"]
    folder = command.home / "bin"
    folder.mkdir()
    helper = folder / "docker-credential-tests"
    said = json.dumps({"Username": tenant.login, "Secret": tenant.password})
    helper.write_text(f"#!/bin/sh\nread server\n[ $server = {address} ] && echo '{said}'\n")
    helper.chmod(0o755)
    command.env["PATH"] = f"{folder}:{command.env['PATH']}"
    configure(command, {"credHelpers": {address: "tests"}})


def by_openrc(command: Command, tenant: Tenant) -> None:
    """OpenStack's own variables: a token of Keystone's."""
    for name, text in tenant.credentials.as_auth().items():
        command.env[f"OS_{name.upper()}"] = str(text)


def configure(command: Command, config: dict[str, object]) -> None:
    folder = command.home / "docker"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize("way", [by_docker, by_helper, by_openrc])
def test_a_push_belongs_to_who_is_logged_in(
    guest: Command,
    tenants: Tenants,
    archive: Path,
    name: str,
    way: Callable[[Command, Tenant], None],
) -> None:
    way(guest, tenants.alice)
    said = guest("import", archive, name)
    assert tenants.alice.image(f"{name}:latest")
    assert tenants.alice.password not in said


def test_options_come_before_what_docker_has_kept(
    guest: Command, tenants: Tenants, archive: Path, name: str
) -> None:
    by_docker(guest, tenants.alice)
    as_bob = ("--username", tenants.bob.login, "--password-stdin")
    guest("import", archive, name, *as_bob, stdin=tenants.bob.password.encode())
    assert tenants.bob.image(f"{name}:latest")
    assert guest.failure("inspect", name).exit_code == 1


def test_without_a_login_one_is_told_to_log_in(guest: Command, tenants: Tenants) -> None:
    failed = guest.failure("ls")
    assert (failed.exit_code, failed.code, failed.error["status"]) == (1, "UNAUTHORIZED", 401)
    assert "login" in failed.error["message"]


def test_a_wrong_password_is_not_repeated(guest: Command) -> None:
    words = ("ls", "--username", "nobody-at-all", "--password-stdin")
    failed = guest.failure(*words, stdin=b"hush-hush")
    assert (failed.exit_code, failed.code) == (1, "UNAUTHORIZED")
    assert "hush-hush" not in failed.said + str(failed.error)


def test_a_login_is_for_its_registry_alone(
    guest: Command, tenants: Tenants, archive: Path, name: str
) -> None:
    by_docker(guest, tenants.alice)
    address = guest.env["REGISTRY_GLANCE_REGISTRY"]
    # The same registry by another name: docker has no login for that.
    other = address.replace("127.0.0.1", "localhost")
    failed = guest.failure("import", archive, f"{other}/{name}")
    assert failed.code == "UNAUTHORIZED"
