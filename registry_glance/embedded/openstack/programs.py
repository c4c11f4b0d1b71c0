"""The programs of Debian's packages."""

import os
import shutil

from ..errors import CannotStart

# Not on every user's PATH. Debian's own rabbitmq-server, in /usr/sbin, is a script for root that
# changes the user; this is the one below it.
_FOLDERS = ("/usr/lib/rabbitmq/bin", "/usr/sbin", "/usr/local/sbin")


def program(name: str, package: str) -> str:
    """Return the program's path; raises CannotStart, naming the package, if it is missing."""
    path = os.pathsep.join([*_FOLDERS, os.environ.get("PATH", os.defpath)])
    found = shutil.which(name, path=path)
    if found is None:
        raise CannotStart(f"{name} not installed: apt-get install {package}")
    return found
