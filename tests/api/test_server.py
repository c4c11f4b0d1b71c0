"""`serve`: how it begins, how it ends, and what it costs."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_glance.cli import serve
from registry_glance.embedded.ports import LOOPBACK
from tests.api.conftest import Start
from tests.api.content import Pusher


def run(config: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What `serve` says when it cannot begin."""
    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    assert serve.run(parser.parse_args(["-c", str(config)])) == 1
    return capsys.readouterr().err


def test_a_wrong_setting_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.yml"
    config.write_text("workers: 1\nfoo: 2\n")
    assert run(config, capsys) == f"registry-glance: {config}:2: unknown setting 'foo'\n"


def test_a_port_that_is_taken_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yml"
    with socket.create_server((LOOPBACK, 0)) as taken:
        listen = f"{LOOPBACK}:{taken.getsockname()[1]}"
        config.write_text(f"listen: '{listen}'")
        expected = f"registry-glance: cannot listen on {listen}: Address already in use\n"
        assert run(config, capsys) == expected


def test_it_lets_requests_end_before_it_ends(start: Start) -> None:
    process, client = start()
    location = Pusher(client, "a").upload()
    answers: list[int] = []

    def slow() -> Iterator[bytes]:
        for _ in range(10):
            time.sleep(0.1)
            yield b"x"

    push = threading.Thread(target=lambda: answers.append(client("PATCH", location, slow()).status))
    push.start()
    time.sleep(0.3)
    process.terminate()
    push.join()
    assert answers == [202]
    process.wait_finished(10)


def test_who_forwards_is_not_believed(start: Start) -> None:
    _, client = start()
    answer = client(
        "POST",
        "/v2/a/blobs/uploads/",
        X_Forwarded_Proto="https",
        X_Forwarded_Host="evil.example",
        Script_Name="/x",
    )
    assert answer["Location"].startswith("/v2/a/blobs/uploads/")


def test_threads_that_stall_leave_others_alone(start: Start) -> None:
    """As many clients as there are threads send half a request, and all the rest still work."""
    _, client = start(threads=4, limits={"idle": 1})
    stalled = [client.connect() for _ in range(4)]
    for connection in stalled:
        connection.sendall(b"GET /v2/ HTTP/1.1\r\nHos")
    assert client("GET", "/v2/").status == 200
    for connection in stalled:
        connection.close()


def test_an_interrupt_ends_it(start: Start) -> None:
    process, _ = start()
    os.kill(process.pid, signal.SIGINT)
    process.wait_finished(10)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_at_rest_it_is_small(start: Start) -> None:
    process, client = start(workers=2)
    for _ in range(50):
        assert client("GET", "/v2/").status == 200
    workers = children(process.pid, 2)
    assert sum(resident(pid) for pid in [process.pid, *workers]) < 150 << 20


def children(pid: int, count: int) -> list[int]:
    """The processes that `pid` has forked, once there are so many: one comes after the other."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if len(found) == count:
            return list(map(int, found))
        time.sleep(0.05)
    raise AssertionError(f"{pid} has not {count} children but {found}")


def resident(pid: int) -> int:
    """Bytes of memory that a process occupies."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) << 10
