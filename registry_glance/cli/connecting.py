"""What the commands that speak to registries have in common: options, names, logins."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from functools import cached_property

from registry_glance import config
from registry_glance.client import credentials, keystone, reference
from registry_glance.client.connection import Connection
from registry_glance.client.credentials import Credentials
from registry_glance.client.errors import Usage
from registry_glance.client.reference import Reference
from registry_glance.client.registry import Registry
from registry_glance.client.trust import Trust, is_near
from registry_glance.glance.cloud import Cloud, configured

VARIABLE = "REGISTRY_GLANCE_REGISTRY"
DEFAULT = "127.0.0.1:5042"


def add_connecting(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which registry, and who one is there."""
    parser.add_argument(
        "--registry",
        metavar="HOST:PORT",
        default=os.environ.get(VARIABLE) or DEFAULT,
        help=f"for names without a registry in front (default: ${VARIABLE}, else {DEFAULT})",
    )
    parser.add_argument(
        "--plain-http", action="store_true", help="no TLS, beyond loopback, too; never a login then"
    )
    parser.add_argument("--cacert", metavar="FILE", help="authorities to trust, PEM")
    parser.add_argument("--username", metavar="NAME", help="in place of docker's own logins")
    parser.add_argument("--password-stdin", action="store_true", help="read its password")
    parser.add_argument(
        "--os-cloud", metavar="CLOUD", help="log in with a token for this cloud of clouds.yaml"
    )
    parser.add_argument("--json", action="store_true", help="for programs, on standard output")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress bars")


class Registries:
    """The registries that a command speaks to, each with its login."""

    def __init__(self, args: argparse.Namespace) -> None:
        """Raises Usage for options that cannot be used."""
        self._args = args
        self.default = reference.address(args.registry)
        if bool(args.username) != args.password_stdin:
            raise Usage("--username and --password-stdin go together")
        if args.cacert and not os.path.isfile(args.cacert):
            raise Usage(f"--cacert: there is no file {args.cacert}")
        self._password = sys.stdin.readline().rstrip("\r\n") if args.password_stdin else ""
        self._known: dict[str, Registry] = {}

    def reference(self, text: str) -> Reference:
        """What a name means here. Raises Usage."""
        return Reference.parse(text, self.default)

    def own(self, name: str) -> Registry:
        """The registry (HOST:PORT) that the command is about: the options' login is for it."""
        return self._at(name, own=True)

    def other(self, name: str) -> Registry:
        """One that the command also speaks to, with what `docker login` has kept at most."""
        return self._at(name, own=False)

    def _at(self, name: str, *, own: bool) -> Registry:
        if name not in self._known:
            trust = Trust(name, self._args.plain_http, self._args.cacert)

            def log_in(registry: str) -> Credentials | None:
                return self._login(registry, own=own)

            self._known[name] = Registry(Connection(trust, log_in))
        return self._known[name]

    def _login(self, registry: str, *, own: bool) -> Credentials | None:
        """Who the user is there. OpenStack's variables are for registries of ours only."""
        if own and self._args.username:
            return Credentials(self._args.username, self._password)
        if own and self._args.os_cloud:
            return keystone.log_in(configured(self.cloud))
        kept = credentials.from_docker(registry)
        home = registry == self.default or is_near(registry)
        if kept is None and own and home and self.has_cloud:
            return keystone.log_in(configured(self.cloud))
        return kept

    @property
    def has_cloud(self) -> bool:
        """Whether the user has OpenStack credentials."""
        return bool(self.cloud.auth or self.cloud.name)

    @cached_property
    def cloud(self) -> config.Cloud:
        """OpenStack's variables, or --os-cloud. Raises ConfigInvalid."""
        said = config.load().cloud
        if self._args.os_cloud:
            return replace(said, name=self._args.os_cloud, auth={})
        return said

    def glance(self) -> Cloud | None:
        """The cloud that the user has credentials for. Raises CloudInvalid."""
        return configured(self.cloud) if self.has_cloud else None
