"""TLS: what begins, what is spoken, what is refused."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from registry_glance.cli import serve
from registry_glance.embedded.ports import LOOPBACK, pick_free
from tests.api.client import Client, status
from tests.api.conftest import Start
from tests.api.content import Pusher
from tests.certificates import Certificate, make_certificate

MIB = 1 << 20


def obstacle(folder: Path, capsys: pytest.CaptureFixture[str], **tls: object) -> str:
    """What `serve` says when it does not begin."""
    config = folder / "config.yml"
    paths = {name: str(path) for name, path in tls.items()}
    config.write_text(json.dumps({"listen": f"{LOOPBACK}:{pick_free()}", "tls": paths}))
    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    assert serve.run(parser.parse_args(["-c", str(config)])) == 1
    said = capsys.readouterr().err
    assert said.startswith("registry-glance: ")
    assert said.count("\n") == 1
    return said.removeprefix("registry-glance: ").strip()


def test_a_certificate_needs_its_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], certificate: Certificate
) -> None:
    missing = "is missing: a certificate and its key go together"
    assert obstacle(tmp_path, capsys, certificate=certificate.path) == f"tls.key {missing}"
    assert obstacle(tmp_path, capsys, key=certificate.key) == f"tls.certificate {missing}"


def test_files_must_be_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], certificate: Certificate
) -> None:
    gone = tmp_path / "gone"
    reason = f"cannot read {gone}: No such file or directory"
    assert (
        obstacle(tmp_path, capsys, certificate=gone, key=certificate.key)
        == f"tls.certificate: {reason}"
    )
    assert (
        obstacle(tmp_path, capsys, certificate=certificate.path, key=gone) == f"tls.key: {reason}"
    )
    folder = f"tls.key: cannot read {tmp_path}: Is a directory"
    assert obstacle(tmp_path, capsys, certificate=certificate.path, key=tmp_path) == folder


def test_a_key_must_be_the_certificates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], certificate: Certificate
) -> None:
    other = make_certificate(tmp_path)
    said = obstacle(tmp_path, capsys, certificate=certificate.path, key=other.key)
    assert said == f"{other.key} is not the key of {certificate.path}"


@pytest.mark.parametrize("content", ["", "nonsense", "encrypted"])
def test_a_key_must_be_one_that_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], certificate: Certificate, content: str
) -> None:
    key = tmp_path / "key"
    key.write_text(content)
    if content == "encrypted":
        words = ["openssl", "pkey", "-aes256", "-passout", "pass:secret"]
        subprocess.run([*words, "-in", certificate.key, "-out", key], check=True)
    said = obstacle(tmp_path, capsys, certificate=certificate.path, key=key)
    expected = "are no PEM files of a certificate and its unencrypted key"
    assert said == f"{certificate.path} and {key} {expected}"


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_versions_of_today_are_spoken(start: Start, certificate: Certificate, version: str) -> None:
    _, client = start(certificate=certificate)
    with connect(client, certificate, ssl.TLSVersion[version]) as connection:
        assert connection.version() == version.replace("_", ".")
        connection.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert status(connection) == 200


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_versions_of_yesterday_are_not(start: Start, certificate: Certificate) -> None:
    _, client = start(certificate=certificate)
    with pytest.raises(ssl.SSLError, match=r"(?i)version"):
        connect(client, certificate, ssl.TLSVersion.TLSv1_1)
    assert client("GET", "/v2/").status == 200


def connect(client: Client, certificate: Certificate, version: ssl.TLSVersion) -> ssl.SSLSocket:
    """A connection by just this version."""
    trust = certificate.trust
    trust.set_ciphers("ALL:@SECLEVEL=0")
    trust.minimum_version = trust.maximum_version = version
    return trust.wrap_socket(client.connect_plainly(), server_hostname=LOOPBACK)


@pytest.mark.parametrize("kind", ["memory", "files"])
def test_what_is_pushed_comes_back(start: Start, certificate: Certificate, kind: str) -> None:
    _, client = start(kind, certificate)
    pusher = Pusher(client, "a")
    data = os.urandom(1 << 16) * 1024
    path = pusher.path(f"blobs/{pusher.blob(data)}")
    assert client("GET", path).body == data
    assert client("GET", path, Range=f"bytes={MIB}-{3 * MIB}").body == data[MIB : 3 * MIB + 1]


def test_requests_in_one_record_are_all_answered(start: Start, certificate: Certificate) -> None:
    _, client = start(certificate=certificate)
    request = b"GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Filler: %s\r\n\r\n" % (b"x" * 3000)
    with client.connect() as connection:
        connection.sendall(request * 5)
        assert [status(connection) for _ in range(5)] == [200] * 5


def test_a_session_is_taken_up_again(start: Start, certificate: Certificate) -> None:
    _, client = start(certificate=certificate)
    trust = certificate.trust
    trust.maximum_version = ssl.TLSVersion.TLSv1_2
    with trust.wrap_socket(client.connect_plainly(), server_hostname=LOOPBACK) as first:
        session = first.session
    with trust.wrap_socket(
        client.connect_plainly(), server_hostname=LOOPBACK, session=session
    ) as second:
        assert second.session_reused


@pytest.mark.parametrize(
    "sent",
    [b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x00\x02xx", b"\x00" * 100],
    ids=["plain", "unfinished", "zeros"],
)
def test_what_is_no_tls_is_cut_off(start: Start, certificate: Certificate, sent: bytes) -> None:
    process, client = start(certificate=certificate, limits={"head": 1})
    with client.connect_plainly() as connection:
        connection.sendall(sent)
        assert b"HTTP" not in everything(connection)
    assert client("GET", "/v2/").status == 200
    assert "Traceback" not in process.log.read_text()


def test_who_leaves_in_the_middle_harms_nobody(start: Start, certificate: Certificate) -> None:
    """At any moment of the handshake, and behind it."""
    process, client = start(certificate=certificate, threads=4)
    hello = first_flight(certificate)
    for length in (0, 1, 5, 50, len(hello)):
        with client.connect_plainly() as connection:
            connection.sendall(hello[:length])
    for _ in range(10):
        with client.connect() as connection:
            connection.sendall(b"GET /v2/ HTTP/1.1\r\n")
    assert client("GET", "/v2/").status == 200
    assert "Traceback" not in process.log.read_text()


def first_flight(certificate: Certificate) -> bytes:
    """What a client sends first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = certificate.trust.wrap_bio(incoming, outgoing, server_hostname=LOOPBACK)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def test_a_renewed_certificate_is_shown_after_a_signal(start: Start, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    process, client = start(certificate=certificate)
    before = shown(client)
    make_certificate(tmp_path)
    os.kill(process.pid, signal.SIGHUP)
    deadline = time.monotonic() + 20
    while shown(client) == before:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert Client(client.address, certificate.trust)("GET", "/v2/").status == 200


def shown(client: Client) -> str:
    """The certificate that the server shows."""
    host, _, port = client.address.rpartition(":")
    return ssl.get_server_certificate((host, int(port)), timeout=10)


def everything(connection: socket.socket) -> bytes:
    """All that comes until the end, however it comes."""
    data = b""
    try:
        while piece := connection.recv(4096):
            data += piece
    except ConnectionResetError:
        pass
    return data
