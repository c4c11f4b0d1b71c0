"""Failures of the network and of Keystone in our own words.

Those of the libraries may quote what they were given, and that may be a password.
"""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import requests
from keystoneauth1 import exceptions as keystone

from registry_glance.config import ConfigInvalid
from registry_glance.doctor.finding import Trouble
from registry_glance.glance.cloud import CloudInvalid

#: What a request to Keystone or Glance may raise.
FAILURES = (keystone.ClientException, requests.RequestException, OSError)
CERTIFICATES = ("cloud:", "  cacert: /path/of/the/ca-bundle.pem")


def unanswered(error: Exception, url: str, timeout: float) -> Trouble:
    """Why a request to `url` got no answer."""
    place = without_password(url)
    status = getattr(error, "http_status", None)
    if status:
        return Trouble(f"{place}: answered {status}")
    if isinstance(error, keystone.SSLError):
        return Trouble(f"{place}: its certificate is not trusted", *CERTIFICATES)
    if isinstance(error, keystone.ConnectTimeout | requests.Timeout):
        return Trouble(f"{place}: no answer within {timeout:g} s")
    if isinstance(error, keystone.ConnectFailure | requests.ConnectionError | OSError):
        return Trouble(f"{place}: cannot be reached", "is it running, and is the address right?")
    return Trouble(f"{place}: {type(error).__name__}")


def unreadable(error: ConfigInvalid) -> Trouble:
    """Why the settings cannot be used."""
    return Trouble(str(error))


def unusable(error: CloudInvalid) -> Trouble:
    """Why the credentials cannot be used."""
    return Trouble(str(error), *HOW_TO_LOG_IN)


HOW_TO_LOG_IN = (
    "cloud:",
    "  auth:",
    "    auth_url: https://keystone.example.org/v3",
    "    username: registry",
    "    password: ...",
    "    project_name: registry",
    "    user_domain_name: Default",
    "    project_domain_name: Default",
)


def without_password(url: str) -> str:
    """The URL without `user:password@` and without a query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that is no URL"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
