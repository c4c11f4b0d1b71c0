"""A Network service without networks.

Nova asks Neutron for a server's ports whenever it shows or deletes one, also if the server has
none. Here every collection is empty and nothing can be made, so only servers without a network
(`--nic none`) can be booted. It is not in Keystone's catalog: only Nova knows it.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

_AUTOMATIC = re.compile(r"/v2\.0/auto-allocated-topology/[0-9a-f]+(?:\.json)?")
_COLLECTION = re.compile(r"/v2\.0/([a-z]+(?:-[a-z]+)*)(?:\.json)?")
_MEMBER = re.compile(r"/v2\.0/([a-z]+(?:-[a-z]+)*)s/[^/]+")


def application(
    environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], Any]
) -> Iterable[bytes]:
    """Answer `GET /v2.0/<collection>` with an empty one, `GET /` with 200, all else with 404.

    But 409 for a network of Neutron's choice: then Nova tells its caller that there can be none.
    """
    status, content = _answer(environ["REQUEST_METHOD"], environ["PATH_INFO"])
    body = json.dumps(content).encode()
    length = ("Content-Length", str(len(body)))
    start_response(status, [("Content-Type", "application/json"), length])
    return [body]


def _answer(method: str, path: str) -> tuple[str, dict[str, Any]]:
    collection = _COLLECTION.fullmatch(path)
    if method == "GET" and path == "/":
        return "200 OK", {"versions": []}
    if method == "GET" and collection:
        return "200 OK", {collection[1].replace("-", "_"): []}
    if method == "GET" and _AUTOMATIC.fullmatch(path):
        return "409 Conflict", _error("AutoAllocationFailure")
    # Nova knows by the type what it was that is not there.
    member = _MEMBER.fullmatch(path)
    kind = member[1].title().replace("-", "") if member else ""
    return "404 Not Found", _error(f"{kind}NotFound")


def _error(kind: str) -> dict[str, Any]:
    message = "There are no networks here."
    return {"NeutronError": {"type": kind, "message": message, "detail": ""}}
