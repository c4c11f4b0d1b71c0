"""Clients that come by TLS, to a registry whose authority they know or need not know."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_glance.embedded.cloud import Cloud
from tests.certificates import Certificate, make_certificate
from tests.clients.conftest import require
from tests.clients.docker import Docker
from tests.clients.images import Image, greeting
from tests.clients.layouts import write_layout
from tests.clients.program import Program, missing
from tests.clients.pulled import from_folder
from tests.registry import RegistryProcess, settings


class TlsRegistry(RegistryProcess):
    """Our registry, with a certificate."""

    def __init__(self, folder: Path, cloud: Cloud, certificate: Certificate) -> None:
        changes = {"tls": certificate.settings}
        super().__init__(folder, settings(cloud, folder / "state", changes))
        self._trust = certificate.trust

    @property
    def url(self) -> str:
        return f"https://{self.address}"

    def start(self) -> None:
        self._process.start()
        deadline = time.monotonic() + 60
        while not self._answers():
            assert self._process.is_running, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/v2/", context=self._trust, timeout=5):
                return True
        except OSError:
            return False


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def tls_registry(
    cloud: Cloud, tmp_path_factory: pytest.TempPathFactory, certificate: Certificate
) -> Iterator[TlsRegistry]:
    registry = TlsRegistry(tmp_path_factory.mktemp("tls"), cloud, certificate)
    try:
        registry.start()
        yield registry
    finally:
        registry.stop()


@pytest.fixture
def image() -> Image:
    """Some MiB."""
    return greeting("by TLS", size=4 << 20)


def test_docker_comes_by_tls(docker: Docker, tls_registry: TlsRegistry, image: Image) -> None:
    """As an insecure registry: docker tries TLS first, and believes any certificate."""
    reference = tls_registry.reference("tls/docker:1")
    docker.push(image, reference)
    assert docker.pull(reference).files.items() >= image.files.items()


def test_skopeo_knows_the_authority(
    tls_registry: TlsRegistry, certificate: Certificate, image: Image, tmp_path: Path
) -> None:
    require(missing("skopeo"))
    skopeo = Program("skopeo", env={"REGISTRY_AUTH_FILE": str(tmp_path / "auth.json")})
    known, unknown, made = (tmp_path / name for name in ("known", "unknown", "made"))
    for folder in (known, unknown, made):
        folder.mkdir()
    (known / "ca.crt").write_bytes(certificate.authority.read_bytes())
    source = f"oci:{write_layout(made, [image], 'made')}:made"
    target = f"docker://{tls_registry.reference('tls/skopeo:1')}"
    said = skopeo.refusal("copy", f"--dest-cert-dir={unknown}", source, target)
    assert "certificate" in said
    skopeo("copy", f"--dest-cert-dir={known}", source, target)
    skopeo("copy", f"--src-cert-dir={known}", target, f"dir:{tmp_path / 'back'}")
    assert from_folder(tmp_path / "back").holds(image)
