"""What Keystone said, kept in a real memcached for all replicas."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from registry_glance.embedded.ports import LOOPBACK, pick_free
from registry_glance.embedded.process import Process
from tests.auth.admin import Admin
from tests.auth.conftest import MakeAuthority
from tests.faults.patience import until
from tests.tenants import Tenants

pytest.importorskip("memcache")


class Memcached:
    """A memcached on loopback, by its address."""

    def __init__(self, program: str, log: Path) -> None:
        port = pick_free()
        self.address = f"{LOOPBACK}:{port}"
        self.process = Process(
            "memcached", [program, "-l", LOOPBACK, "-p", str(port), "-u", "nobody"], log
        )

    def ask(self, command: str) -> str:
        """What it answers to one command."""
        host, _, port = self.address.partition(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(f"{command}\r\n".encode())
            answer = connection.recv(1 << 16)
        return answer.decode("latin-1")

    def listens(self) -> bool:
        try:
            return self.ask("version").startswith("VERSION")
        except OSError:
            return False

    def count(self, statistic: str) -> int:
        lines = (line.split() for line in self.ask("stats").splitlines())
        return next(int(line[2]) for line in lines if line[1:2] == [statistic])


@pytest.fixture
def memcached(tmp_path: Path) -> Iterator[Memcached]:
    program = shutil.which("memcached")
    if program is None:
        pytest.skip("memcached is not installed")
    server = Memcached(program, tmp_path / "memcached.log")
    server.process.start()
    assert until(server.listens)
    yield server
    server.process.stop()


def test_replicas_share_what_keystone_said(
    make_authority: MakeAuthority, tenants: Tenants, admin: Admin, memcached: Memcached
) -> None:
    access = {"memcached": [memcached.address], "cache_time": 600}
    one, other = make_authority(access=access), make_authority(access=access)
    token = tenants.alice.token()
    identity = one.recognize(token)
    assert memcached.count("curr_items") == 1
    admin.revoke(token)
    assert other.recognize(token) == identity  # as it was told
    assert memcached.count("get_hits") == 1


def test_what_is_shared_is_neither_read_nor_forged_by_others(
    make_authority: MakeAuthority, tenants: Tenants, memcached: Memcached
) -> None:
    authority = make_authority(access={"memcached": [memcached.address], "cache_time": 600})
    token = tenants.alice.token()
    identity = authority.recognize(token)
    dumped = memcached.ask("lru_crawler metadump all")
    key = unquote(dumped.partition("key=")[2].split()[0])
    kept = memcached.ask(f"get {key}")
    assert kept.startswith("VALUE ")
    for secret in (token, identity.user, identity.project, tenants.alice.user):
        assert secret not in kept
        assert secret not in dumped
    for forged in ("forged", kept.split("\r\n")[1].swapcase()):
        assert memcached.ask(f"set {key} 0 600 {len(forged)}\r\n{forged}") == "STORED\r\n"
        assert authority.recognize(token) == identity


def test_a_memcached_that_is_away_only_costs_time(
    make_authority: MakeAuthority, tenants: Tenants, memcached: Memcached
) -> None:
    authority = make_authority(access={"memcached": [memcached.address], "cache_time": 600})
    token = tenants.alice.token()
    identity = authority.recognize(token)
    memcached.process.stop()
    assert authority.recognize(token) == identity
    assert authority.recognize(tenants.bob.token()).project == tenants.bob.project_id
