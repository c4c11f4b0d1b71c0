"""Where the registry listens, and what travels there."""

from __future__ import annotations

import ipaddress
import ssl

from registry_glance.doctor.finding import Finding, fail, ok, warn
from registry_glance.doctor.site import Site

TLS = ("tls:", "  certificate: /path/of/fullchain.pem", "  key: /path/of/key.pem")


def listen(site: Site) -> Finding:
    """Beyond loopback without TLS, anybody on the way reads what is sent."""
    config = site.config
    if is_loopback(config.listen):
        return ok(f"{config.listen}: this machine only")
    if config.tls.certificate:
        return ok(f"{config.listen}, with TLS")
    if config.proxies:
        return warn(
            f"{config.listen} without TLS: only as safe as the way from the proxies is",
            "keep that way to a network of its own, or let the registry speak TLS:",
            *TLS,
        )
    if config.auth == "none":
        return warn(
            f"{config.listen} with auth: none: whoever reaches it may push, pull and delete",
            "listen: 127.0.0.1:5042",
            "or: auth: keystone",
        )
    return warn(
        f"{config.listen} without TLS: each request carries a whole Keystone token, readable",
        *TLS,
        "or behind a proxy that speaks TLS: listen: 127.0.0.1:5042",
    )


def certificate(site: Site) -> Finding:
    """The certificate and its key can be read, and belong together."""
    tls = site.config.tls
    if not tls.certificate and not tls.key:
        return ok("not set")
    if not tls.certificate:
        return fail("tls.key is set without tls.certificate", *TLS)
    try:
        # An empty password: nobody is asked for one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls.certificate, tls.key, "")
    except ssl.SSLError as error:
        reason = (error.reason or "not PEM").lower().replace("_", " ")
        return fail(f"certificate and key cannot be used: {reason}", *TLS)
    except OSError as error:
        return fail(f"certificate or key cannot be read: {error.strerror}", *TLS)
    return ok(f"{tls.certificate} and its key")


def is_loopback(address: str) -> bool:
    """Whether HOST:PORT is of this machine only."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
