"""Logging in at Keystone."""

from __future__ import annotations

import hmac
import json
import secrets

from keystoneauth1.exceptions import ClientException, HttpError, MissingAuthMethods
from keystoneauth1.identity import v3

from registry_glance.auth.credentials import (
    ApplicationCredentialLogin,
    Credentials,
    PasswordLogin,
    TokenLogin,
    account,
    parse,
)
from registry_glance.auth.delays import Delays
from registry_glance.auth.identity import Identity
from registry_glance.auth.recent import Recent
from registry_glance.auth.tokens import TIMEOUT, Tokens
from registry_glance.config import Config
from registry_glance.errors import Unauthenticated, Unavailable
from registry_glance.glance.cloud import Cloud, CloudInvalid

#: Keystone's answers to what is wrong with credentials, however they are wrong: 404 is an
#: application credential that does not exist.
REFUSALS = frozenset({400, 401, 403, 404})


class Login:
    """Credentials -> identity. For any number of threads, but of one process.

    Who logged in within the last `access.cache_time` seconds has his token still: clients that
    send their password with every request do not log in with every request.
    """

    def __init__(self, config: Config, cloud: Cloud, tokens: Tokens) -> None:
        """Asks nobody anything yet. Raises CloudInvalid if it is not said where Keystone is."""
        if not cloud.auth.get("auth_url"):
            raise CloudInvalid("the cloud's auth has no auth_url")
        self._auth_url = str(cloud.auth["auth_url"])
        self._session = cloud.session(TIMEOUT)
        self._tokens = tokens
        self._default_domain = config.access.default_domain
        self._cache_time = config.access.cache_time
        self._recent = Recent()
        self._salt = secrets.token_bytes(32)
        self._delays = Delays(max(1, config.threads // 4))

    def __call__(self, username: str, password: str, address: str) -> Identity:
        """Whom they belong to. Raises Unauthenticated, TooManyAttempts or Unavailable.

        What is wrong with them is not told. Only a token with a project is of use.
        """
        credentials = parse(username, password, self._default_domain)
        key = self._key(username, password)
        return self._again(key) or self._first(credentials, key, address)

    def _again(self, key: str) -> Identity | None:
        """Who has logged in with them a moment ago, if his token is still good."""
        token = self._recent.get(key)
        if token is None:
            return None
        try:
            return self._tokens(token.decode())
        except Unauthenticated:
            self._recent.delete(key)
            return None

    def _first(self, credentials: Credentials, key: str, address: str) -> Identity:
        self._delays.wait(address, account(credentials))
        try:
            identity = self._tokens(self._token(credentials))
        except Unauthenticated:
            self._delays.failed(address, account(credentials))
            raise
        self._delays.succeeded(address, account(credentials))
        self._recent.set(key, identity.token.encode(), self._cache_time)
        return identity

    def _token(self, credentials: Credentials) -> str:
        if isinstance(credentials, TokenLogin):
            return credentials.token
        try:
            return str(self._plugin(credentials).get_access(self._session).auth_token)
        except MissingAuthMethods:
            raise Unauthenticated() from None
        except ClientException as error:
            status = error.http_status if isinstance(error, HttpError) else None
            if status in REFUSALS:
                raise Unauthenticated() from None
            reason = f"answers {status}" if status else "cannot be reached"
            raise Unavailable(f"Keystone {reason}: {type(error).__name__}") from None

    def _plugin(
        self, credentials: PasswordLogin | ApplicationCredentialLogin
    ) -> v3.Password | v3.ApplicationCredential:
        if isinstance(credentials, PasswordLogin):
            return self._password(credentials)
        return self._application_credential(credentials)

    def _password(self, credentials: PasswordLogin) -> v3.Password:
        project = credentials.project
        return v3.Password(
            self._auth_url,
            username=credentials.user.name,
            user_domain_name=credentials.user.domain,
            password=credentials.password,
            project_name=project.name if project else None,
            project_domain_name=project.domain if project else None,
            include_catalog=False,
        )

    def _application_credential(
        self, credentials: ApplicationCredentialLogin
    ) -> v3.ApplicationCredential:
        user = credentials.user
        return v3.ApplicationCredential(
            self._auth_url,
            application_credential_secret=credentials.secret,
            application_credential_id=credentials.id,
            application_credential_name=credentials.name,
            username=user.name if user else None,
            user_domain_name=user.domain if user else None,
            include_catalog=False,
        )

    def _key(self, username: str, password: str) -> str:
        """What stands for credentials in memory: of no use in any other process."""
        text = json.dumps([username, password]).encode()
        return hmac.digest(self._salt, text, "sha256").hex()
