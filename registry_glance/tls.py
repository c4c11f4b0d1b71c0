"""The certificate that this server shows, and what it speaks below HTTP."""

from __future__ import annotations

import ssl

from registry_glance.config import Tls


class CertificateInvalid(Exception):
    """A certificate or key that cannot be used; the message says which one and why."""


def server_context(settings: Tls) -> ssl.SSLContext | None:
    """TLS 1.2 or later with this certificate; None if there is none.

    Raises CertificateInvalid.
    """
    if settings.certificate is None and settings.key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    certificate = _readable("tls.certificate", settings.certificate)
    key = _readable("tls.key", settings.key)
    try:
        # An empty password, or it would be asked for on the terminal.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CertificateInvalid(f"{key} is not the key of {certificate}") from None
        raise CertificateInvalid(
            f"{certificate} and {key} are no PEM files of a certificate and its unencrypted key"
        ) from None
    return context


def _readable(name: str, path: str | None) -> str:
    """The path of a file that can be read. Raises CertificateInvalid."""
    if path is None:
        raise CertificateInvalid(f"{name} is missing: a certificate and its key go together")
    try:
        with open(path, "rb"):
            return path
    except OSError as error:
        raise CertificateInvalid(f"{name}: cannot read {path}: {error.strerror}") from None
