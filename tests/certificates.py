"""Certificates for tests, of an authority that nobody else trusts."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from registry_glance.embedded.ports import LOOPBACK

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Certificate:
    """PEM files: a certificate for loopback, its key, and whom a client must trust."""

    path: Path
    key: Path
    authority: Path

    @property
    def settings(self) -> dict[str, str]:
        """`tls` in config.yml."""
        return {"certificate": str(self.path), "key": str(self.key)}

    @property
    def trust(self) -> ssl.SSLContext:
        """What a client that knows the authority has."""
        return ssl.create_default_context(cafile=str(self.authority))


def make_certificate(folder: Path) -> Certificate:
    """A new authority, and a certificate of its making."""
    made = Certificate(folder / "server.crt", folder / "server.key", folder / "ca.crt")
    _request(folder / "ca.key", made.authority, "/CN=registry-glance tests")
    name = ("-addext", f"subjectAltName=IP:{LOOPBACK},DNS:localhost")
    signed = ("-CA", made.authority, "-CAkey", folder / "ca.key")
    plain = ("-addext", "basicConstraints=critical,CA:FALSE")
    _request(made.key, made.path, f"/CN={LOOPBACK}", *name, *plain, *signed)
    return made


def _request(key: Path, out: Path, subject: str, *more: str | Path) -> None:
    begin = ("openssl", "req", "-x509", *KEY, "-keyout", key, "-out", out, "-subj", subject)
    subprocess.run([*begin, "-days", "2", *more], check=True, capture_output=True, timeout=60)
