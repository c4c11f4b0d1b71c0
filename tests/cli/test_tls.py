"""TLS, with an authority that only --cacert knows."""

from __future__ import annotations

from pathlib import Path

from registry_glance.embedded.cloud import Cloud
from tests.certificates import make_certificate
from tests.cli.command import Command
from tests.clients.test_tls import TlsRegistry


def test_a_registry_with_tls_is_known_by_its_authority(cloud: Cloud, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    registry = TlsRegistry(tmp_path, cloud, certificate)
    registry.start()
    try:
        command = Command(tmp_path, registry.address)
        said = command.json("ls", "--cacert", certificate.authority)
        assert said["registry"] == registry.address
        other = make_certificate(stranger).authority
        failed = command.failure("ls", "--cacert", other)
        assert failed.code == "UNREACHABLE"
        assert "certificate" in failed.error["message"]
        assert command.failure("ls").exit_code == 1
    finally:
        registry.stop()
