"""How a service logs in at Keystone: a section of its oslo.config file."""

from ..credentials import Credentials

_OPTIONS = """\
[{section}]
auth_type = password
auth_url = {user.auth_url}
username = {user.username}
password = {user.password}
project_name = {user.project}
user_domain_name = Default
project_domain_name = Default
region_name = {user.region}
"""

_VALIDATION = """\
www_authenticate_uri = {user.auth_url}
# A caller's token may expire while he waits, if the service that asks for him vouches for it.
service_token_roles = service
service_token_roles_required = true
"""


def login(section: str, user: Credentials) -> str:
    """The section by which a service asks another one."""
    return _OPTIONS.format(section=section, user=user)


def validation(user: Credentials) -> str:
    """The section by which a service has its callers' tokens validated."""
    return login("keystone_authtoken", user) + _VALIDATION.format(user=user)
