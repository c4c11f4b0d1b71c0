"""What was broken off goes on where it was, and bytes that are there are not sent again."""

from __future__ import annotations

import json
import os
import signal
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.cli.command import Command
from tests.clients.images import digest
from tests.clients.tarballs import packed, unpacked
from tests.faults.fault import Fault, Kind, answers
from tests.faults.proxy import Proxy

MIB = 1 << 20
PIECE = ("--piece-size", "1MiB")


@pytest.fixture
def behind(command: Command, proxy: Proxy) -> Command:
    """The command, with the proxy before its registry."""
    command.env["REGISTRY_GLANCE_REGISTRY"] = urlsplit(proxy.url).netloc
    return command


@pytest.fixture
def tarball(tmp_path: Path, name: str) -> Path:
    """A root file system of 5 MiB, unlike any other."""
    path = tmp_path / "root.tar"
    path.write_bytes(packed({"noise": Random(name).randbytes(5 * MIB - 4096)}))
    return path


@dataclass(frozen=True)
class Killed:
    """An import that was killed in the middle of its layer: bytes that had been taken."""

    done: int
    note: Path
    exit_code: int


def killed(
    behind: Command, proxy: Proxy, tarball: Path, name: str, how: int = signal.SIGKILL
) -> Killed:
    """An import whose configuration is there, and some pieces of its layer, but not all."""
    hold = proxy.fail(Fault("PATCH", "uploads", Kind.HOLD, at=MIB // 2, skip=3, times=1))
    process = behind.start_process("import", tarball, name, *PIECE)
    assert hold.reached.wait(60)
    wait_until(lambda: [one.status for one in proxy.seen("PUT", "uploads")] == [201])
    wait_until(lambda: len(notes(behind)) == 1)
    process.send_signal(how)
    process.communicate(timeout=60)
    done = sum(one.sent for one in proxy.seen("PATCH", "uploads") if one.status == 202)
    proxy.heal()
    proxy.forget()
    [note] = notes(behind)
    return Killed(done, note, process.returncode)


def sent(proxy: Proxy) -> int:
    """Bytes of blobs that have come."""
    return sum(one.sent for one in proxy.seen("PATCH", "uploads"))


def notes(command: Command) -> list[Path]:
    """What is remembered of uploads."""
    return list((command.home / "cache/registry-glance/uploads").iterdir())


def parts(command: Command, name: str) -> tuple[int, int]:
    """Bytes of an image's configuration and of its only layer."""
    [image] = command.json("inspect", name)["images"]
    [layer] = image["layers"]
    return image["config"]["size"], layer["size"]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(("how", "exit_code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_a_killed_import_sends_only_the_rest(
    behind: Command, proxy: Proxy, tarball: Path, name: str, how: int, exit_code: int
) -> None:
    before = killed(behind, proxy, tarball, name, how)
    assert before.exit_code == exit_code
    assert before.done > 2 * MIB
    assert stat.S_IMODE(before.note.stat().st_mode) == 0o600
    assert stat.S_IMODE(before.note.parent.stat().st_mode) == 0o700
    said = behind.json("import", tarball, name, *PIECE)["images"][0]
    config, layer = parts(behind, name)
    rest = config + layer - before.done
    # The piece that was on its way may have come whole: the kernel still had it.
    assert sent(proxy) == said["bytes_sent"]
    assert sent(proxy) in (rest, rest - MIB)
    assert layer == tarball.stat().st_size
    assert not notes(behind)


def test_a_broken_line_costs_one_piece(
    behind: Command, proxy: Proxy, tarball: Path, name: str
) -> None:
    proxy.fail(Fault("PATCH", "uploads", Kind.RESET, at=MIB // 2, skip=2, times=1))
    behind("import", tarball, name, *PIECE)
    assert sent(proxy) <= tarball.stat().st_size + MIB + 4096
    assert behind.json("ls", name)["tags"][0]["tag"] == "latest"


@pytest.mark.parametrize("lost", ["PATCH", "PUT"])
def test_an_answer_that_is_lost_is_asked_for(
    behind: Command, proxy: Proxy, tarball: Path, name: str, lost: str
) -> None:
    proxy.fail(Fault(lost, "uploads", Kind.LOSE, skip=1, times=1))
    behind("import", tarball, name, *PIECE)
    assert len(behind.json("inspect", name)["images"]) == 1
    assert sent(proxy) < tarball.stat().st_size + 4096


def test_a_registry_that_is_busy_is_asked_again(
    behind: Command, proxy: Proxy, tarball: Path, name: str
) -> None:
    for method in ("HEAD", "POST", "PATCH", "PUT"):
        fault = answers(503, method)
        fault.times = 1
        proxy.fail(fault)
    behind("import", tarball, name, *PIECE)
    assert {one.status for one in proxy.seen("PUT", "manifests")} == {201}


def test_an_upload_that_the_registry_has_forgotten_begins_anew(
    behind: Command, proxy: Proxy, tarball: Path, name: str
) -> None:
    before = killed(behind, proxy, tarball, name)
    location = json.loads(before.note.read_text())["location"]
    upload = location.rpartition("/")[2]
    before.note.write_text(json.dumps({"location": location.replace(upload, str(uuid4()))}))
    behind("import", tarball, name, *PIECE)
    assert sent(proxy) == tarball.stat().st_size
    assert not notes(behind)


def test_an_export_goes_on_with_what_is_there(
    behind: Command, proxy: Proxy, tarball: Path, name: str, tmp_path: Path
) -> None:
    behind("import", tarball, name)
    whole = tmp_path / "whole.tar"
    behind("export", name, "-o", whole)
    part = tmp_path / "again.tar.part"
    part.write_bytes(whole.read_bytes()[: 3 * MIB])
    proxy.forget()
    stop = proxy.fail(Fault("GET", "blobs", Kind.CUT, at=MIB, times=1))
    behind("export", name, "-o", tmp_path / "again.tar")
    assert stop.reached.is_set()
    assert (tmp_path / "again.tar").read_bytes() == whole.read_bytes()
    assert not part.exists()
    assert [one.status for one in proxy.seen("GET", "blobs")] == [206, 206]


def test_a_part_with_wrong_bytes_is_fetched_anew(
    command: Command, tarball: Path, name: str, tmp_path: Path
) -> None:
    command("import", tarball, name)
    whole, again = tmp_path / "whole.tar", tmp_path / "again.tar"
    command("export", name, "-o", whole)
    data = whole.read_bytes()
    for spoiled in (data[: 2 * MIB], data + b"more"):
        at = len(spoiled) // 2
        wrong = bytes([spoiled[at] ^ 1])
        (tmp_path / "again.tar.part").write_bytes(spoiled[:at] + wrong + spoiled[at + 1 :])
        command("export", name, "-o", again)
        assert again.read_bytes() == data
        os.unlink(again)


def test_wrong_bytes_are_never_a_file(
    behind: Command, proxy: Proxy, tarball: Path, name: str, tmp_path: Path
) -> None:
    behind("import", tarball, name)
    target = tmp_path / "out.tar"
    proxy.fail(Fault("GET", "blobs", flip=2000))
    failed = behind.failure("export", name, "-o", target)
    assert (failed.exit_code, failed.code) == (1, "DIGEST_INVALID")
    assert not target.exists()
    proxy.heal()
    behind("export", name, "-o", target)
    layer = tarball.read_bytes()
    hexadecimal = digest(layer).removeprefix("sha256:")
    assert unpacked(target.read_bytes())[f"{hexadecimal}/layer.tar"] == layer
