"""Requests that come through proxies: who sent them, and how he reached us.

X-Forwarded-For, -Proto and -Host are lists to which each proxy may add on the right. They mean
something only as far as somebody whom we trust vouches for them, and nothing from anybody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from werkzeug.http import parse_list_header
from werkzeug.middleware.proxy_fix import ProxyFix

from registry_glance.api.dispatch import HOST

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Address = IPv4Address | IPv6Address

X_FOR, X_PROTO, X_HOST = (f"HTTP_X_FORWARDED_{name}" for name in ("FOR", "PROTO", "HOST"))
#: What may stand in those that hold no addresses.
WORDS = {X_PROTO: re.compile(r"https?", re.IGNORECASE), X_HOST: HOST}
#: An address, in brackets or with a port as some proxies write it.
ADDRESS = re.compile(r"\[([0-9a-fA-F:.]+)\](?::\d{1,5})?|([0-9.]+)(?::\d{1,5})?|([0-9a-fA-F:.]+)")


class Forwarded:
    """A WSGI application that sees requests as they came to the first of our proxies.

    `proxies`: addresses and networks. For requests through them REMOTE_ADDR is the last address
    that is none of theirs; wsgi.url_scheme and HTTP_HOST are what the client asked for.
    """

    def __init__(self, app: WSGIApplication, proxies: Sequence[str]) -> None:
        self._app = app
        self._fixed = ProxyFix(app, x_for=1, x_proto=1, x_host=1)
        self._networks = [ip_network(proxy) for proxy in proxies]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not self._networks or not self._trusts(address(environ.get("REMOTE_ADDR", ""))):
            return self._app(environ, start_response)
        self._keep_what_is_vouched_for(environ)
        return self._fixed(environ, start_response)

    def _trusts(self, peer: Address | None) -> bool:
        return peer is not None and any(peer in network for network in self._networks)

    def _keep_what_is_vouched_for(self, environ: WSGIEnvironment) -> None:
        """Leave one value in each header, or none."""
        hops = self._hops(environ.pop(X_FOR, ""))
        if hops:
            environ[X_FOR] = str(hops[-1])
        for header, allowed in WORDS.items():
            values = parse_list_header(environ.pop(header, ""))[-max(1, len(hops)) :]
            if values and allowed.fullmatch(values[0]):
                environ[header] = values[0].lower()

    def _hops(self, header: str) -> list[Address]:
        """The addresses that we may believe, our neighbour's neighbour first.

        Each proxy vouches for the address on the left of its own. So the last one here is the
        client's, unless all are proxies', or the next one makes no sense.
        """
        hops: list[Address] = []
        for text in reversed(parse_list_header(header)):
            hop = address(text)
            if hop is None:
                break
            hops.append(hop)
            if not self._trusts(hop):
                break
        return hops


def address(text: str) -> Address | None:
    """An IP address, perhaps in brackets or with a port; None for anything else."""
    match = ADDRESS.fullmatch(text)
    try:
        found = ip_address("".join(match.groups("")) if match else "")
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
