"""A user's OpenStack credentials as a login: the name `token`, and one of Keystone's tokens."""

from __future__ import annotations

import requests
from keystoneauth1.exceptions import ClientException

from registry_glance.client.credentials import Credentials, CredentialsInvalid
from registry_glance.glance.cloud import Cloud

#: What the registry calls a login with a token; see docs/auth.md.
USER = "token"
#: seconds
TIMEOUT = 30


def log_in(cloud: Cloud) -> Credentials:
    """A fresh token. Raises CredentialsInvalid; CloudInvalid for settings that cannot be used."""
    try:
        token = cloud.session(TIMEOUT).get_token()
    except (ClientException, requests.RequestException, OSError) as error:
        status = getattr(error, "http_status", None)
        told = "refuses the credentials" if status == 401 else "cannot be asked for a token"
        raise CredentialsInvalid(f"Keystone {told}") from None
    return Credentials(USER, str(token))
