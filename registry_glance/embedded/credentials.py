"""Who one is to the embedded cloud, and the files that tell clients so."""

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

_OPENRC = """\
# Source this file: . {path}
{variables}
# For `openstack --os-cloud {name} ...`. Its sisters want a shell without the variables above,
# which are stronger than those of a cloud: {sisters}.
export OS_CLIENT_CONFIG_FILE={clouds}
# The cloud is on this machine: no proxy on the way.
export no_proxy="127.0.0.1,localhost${{no_proxy:+,$no_proxy}}"
export NO_PROXY="$no_proxy"
# Last, so that it shadows nothing: the clients that came with the registry.
case ":$PATH:" in *:{programs}:*) ;; *) export PATH="$PATH":{programs} ;; esac
"""


@dataclass(frozen=True)
class Credentials:
    """A user's name and password on one project; both live in the domain Default."""

    auth_url: str
    username: str
    password: str = field(repr=False)
    project: str
    region: str

    def as_auth(self) -> dict[str, str]:
        """The `auth` mapping of clouds.yaml, and of keystoneauth1's v3.Password."""
        return {
            "auth_url": self.auth_url,
            "username": self.username,
            "password": self.password,
            "project_name": self.project,
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        }


def clouds_yaml(clouds: Mapping[str, Credentials]) -> str:
    """Return the text of a clouds.yaml with the named clouds."""
    entries = {
        name: {
            "auth": user.as_auth(),
            "region_name": user.region,
            "identity_api_version": 3,
            "image_api_version": 2,
        }
        for name, user in clouds.items()
    }
    return yaml.safe_dump({"clouds": entries}, sort_keys=False)


def openrc(path: Path, name: str, clouds: Mapping[str, Credentials], file: Path) -> str:
    """Return the text of an openrc at `path` for the cloud `name`; `file` is the clouds.yaml."""
    user = clouds[name]
    variables = {f"OS_{key.upper()}": value for key, value in user.as_auth().items()}
    variables |= {
        "OS_REGION_NAME": user.region,
        "OS_IDENTITY_API_VERSION": "3",
        "OS_IMAGE_API_VERSION": "2",
    }
    lines = (f"export {name}={shlex.quote(value)}" for name, value in variables.items())
    return _OPENRC.format(
        path=path,
        variables="\n".join(lines),
        name=name,
        sisters=", ".join(other for other in clouds if other != name),
        clouds=shlex.quote(str(file)),
        programs=shlex.quote(str(Path(sys.executable).parent)),
    )
