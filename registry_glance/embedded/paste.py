"""The Paste pipelines that come with services, and Glance's with our filter in it."""

import importlib.metadata
import re

from .errors import CannotStart

_SECTION = """
[filter:image_names]
paste.filter_factory = registry_glance.glance.name_filter:filter_factory
"""


def with_name_filter(paste: str) -> str:
    """Return a glance-api-paste.ini whose pipelines end in our filter and Glance's app."""
    changed, count = re.subn(r"(?m)^([\w+]+ = .*) rootapp$", r"\1 image_names rootapp", paste)
    if count == 0:
        raise CannotStart("the installed Glance has a glance-api-paste.ini of an unknown form")
    return changed + _SECTION


def installed(package: str = "glance", name: str = "glance-api-paste.ini") -> str:
    """Return the text of the Paste file that came with an installed service."""
    for file in importlib.metadata.files(package) or []:
        if file.name == name:
            return file.locate().read_text()  # type: ignore[attr-defined,no-any-return]
    raise CannotStart(f"the installed {package} has no {name}; install it with pip")
