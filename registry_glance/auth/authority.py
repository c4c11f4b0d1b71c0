"""Who somebody is, and whether he may: the one question that the rest of the registry asks."""

from __future__ import annotations

from registry_glance.auth.credentials import parse_basic
from registry_glance.auth.identity import ANONYMOUS, Identity
from registry_glance.auth.login import Login
from registry_glance.auth.policy import Policy
from registry_glance.auth.tokens import Tokens
from registry_glance.config import Config
from registry_glance.errors import Denied, Unauthenticated
from registry_glance.glance.cloud import configured

#: The token of those who have none. Nothing of Keystone's can look like it.
ANONYMOUS_TOKEN = "anonymous"
#: What may be had without logging in.
OPEN = frozenset({"login", "pull"})


class Authority:
    """Keystone and the policy. To be made in each worker: connections survive no fork.

    Asks Keystone nothing before the first request. Raises CloudInvalid for unusable settings of
    the cloud, PolicyInvalid for an unusable policy file.
    """

    def __init__(self, config: Config) -> None:
        cloud = configured(config.cloud)
        self._anonymous = config.access.anonymous
        self._policy = Policy(config.access.policy_file)
        self._tokens = Tokens(config.access, cloud)
        self._login = Login(config, cloud, self._tokens)

    def log_in(self, username: str, password: str, address: str) -> Identity:
        """Whom they belong to. `address` is the client's: who guesses has to wait.

        Raises Unauthenticated, TooManyAttempts or Unavailable.
        """
        return self._login(username, password, address)

    def identify(self, authorization: str | None, address: str) -> Identity:
        """Whom an Authorization header belongs to (RFC 6750, RFC 7617).

        Raises Unauthenticated, TooManyAttempts or Unavailable.
        """
        scheme, _, parameter = (authorization or "").partition(" ")
        match scheme.lower():
            case "bearer":
                return self.recognize(parameter.strip(" "))
            case "basic":
                return self.log_in(*parse_basic(parameter.strip(" ")), address)
        raise Unauthenticated()

    def recognize(self, token: str) -> Identity:
        """The bearer of a token. Raises Unauthenticated or Unavailable."""
        if token == ANONYMOUS_TOKEN:
            if not self._anonymous:
                raise Unauthenticated()
            return ANONYMOUS
        return self._tokens(token)

    def check(self, identity: Identity, access: str) -> None:
        """Raise Denied if somebody may not do that; Unauthenticated if nobody is asked who he is.

        `access` is login, pull, push, delete or catalog.
        """
        if identity is ANONYMOUS:
            if access not in OPEN:
                raise Unauthenticated()
        elif not self._policy.allows(identity, access):
            raise Denied()
