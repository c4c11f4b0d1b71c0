"""A Paste filter for glance-api: images can be found by names with a colon.

`openstack server create --image hipache:latest` asks Glance for `/v2/images?name=hipache:latest`.
Glance takes what stands before the colon for an operator and answers 400. This filter makes it
`name=eq:hipache:latest`, and leaves the operators that Glance has alone. In glance-api-paste.ini:

    [filter:image_names]
    paste.filter_factory = registry_glance.glance.name_filter:filter_factory

and `image_names` right before `rootapp` in the pipelines.
"""

from collections.abc import Callable, Iterable
from urllib.parse import unquote_plus
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_OPERATORS = frozenset({"eq", "neq", "in", "gt", "gte", "lt", "lte"})


class ImageNames:
    """WSGI middleware that rewrites the `name` filters of image listings."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").rstrip("/") == "/v2/images":
            environ["QUERY_STRING"] = mend(environ.get("QUERY_STRING", ""))
        return self._application(environ, start_response)


def filter_factory(
    global_conf: dict[str, str], **local_conf: str
) -> Callable[[WSGIApplication], ImageNames]:
    """Return what Paste wraps around the application."""
    return ImageNames


def mend(query: str) -> str:
    """Return a query string whose `name` filters all begin with an operator if they need one."""
    return "&".join(_mend_parameter(parameter) for parameter in query.split("&"))


def _mend_parameter(parameter: str) -> str:
    key, _, value = parameter.partition("=")
    if unquote_plus(key) != "name":
        return parameter
    operator, colon, _ = unquote_plus(value).partition(":")
    if not colon or operator in _OPERATORS:
        return parameter
    return f"{key}=eq:{value}"
