"""The door to Glance's Image API v2: one method a call, statuses become errors by their number.

It goes through python-glanceclient's session client (keystoneauth below it), without its model
layer: a listed row costs that layer a schema validation, and uploads lose their length there.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Protocol, TypeVar
from urllib.parse import quote, urlencode

import requests
from glanceclient.common.http import SessionClient
from keystoneauth1 import exceptions as keystone
from keystoneauth1.adapter import Adapter
from keystoneauth1.identity.base import BaseIdentityPlugin
from keystoneauth1.plugin import BaseAuthPlugin
from keystoneauth1.service_token import ServiceTokenAuthWrapper
from keystoneauth1.token_endpoint import Token

from registry_glance.errors import (
    Denied,
    RegistryError,
    StorageFull,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from registry_glance.glance.cloud import Cloud

log = logging.getLogger(__name__)

Row = dict[str, Any]
T = TypeVar("T")

#: The role that Keystone lets check tokens, and whose token vouches for a caller's that expires.
SERVICE_ROLE = "service"
#: Seconds between two logins of ours because of callers whose requests are answered with 401.
RENEWAL_INTERVAL = 60
VERSION = re.compile(r"/v\d+(?:\.\d+)?/?$", re.ASCII)
#: Statuses of data: of a range, and of a row that has none.
PARTIAL, NOTHING = 206, 204
#: Bytes read at once from Glance.
READ_SIZE = 1 << 18
#: IDs in one `id=in:`: 80 x 37 bytes stay below the 4,094 of gunicorn's request line.
IDS_PER_QUERY = 80
#: Glance's own limit of a page (`api_limit_max`).
PAGE = 1000
#: Seconds before the second try; doubled for each further one.
FIRST_PAUSE = 0.2
#: Seconds after which no call is repeated any more: clients give up after 30 (moby#53700).
PATIENCE = 10
#: Seconds that Glance may take to answer a call without data.
ANSWER_TIMEOUT = 10


class Unauthorized(Unavailable):
    """401: the registry's own credentials are refused."""


class Absent(RegistryError):
    """404: no such row, or none that these credentials may see."""


class Conflict(RegistryError):
    """409: the ID is or was taken, or the row's state does not allow the call."""


class Refused(RegistryError):
    """400 and whatever else Glance says about a request that it will never accept."""


class Sized(Protocol):
    """Bytes that can be sent again from their start: every iteration begins anew."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


class Member(NamedTuple):
    """A project that a row is shared with; `status` is pending, accepted or rejected."""

    project: str
    status: str


#: HTTP status -> error. What is missing is `Unavailable` from 500 on, and `Refused` below.
ERRORS: dict[int, type[RegistryError]] = {
    401: Unauthorized,
    403: Denied,
    404: Absent,
    409: Conflict,
    410: Absent,
    413: TooLarge,
    429: Unavailable,
    507: StorageFull,
}


class Glance:
    """Glance, with one set of credentials. Safe for use by many threads.

    Every method may raise Unavailable (after `retries` more tries where a repetition does no
    harm), Denied, and the errors of `ERRORS`. Rows are dictionaries as Glance sends them.
    """

    def __init__(self, cloud: Cloud, *, timeout: float = 60, retries: int = 4) -> None:
        self._cloud = cloud
        self._session = cloud.session(timeout)
        self._retries = retries
        self._renewed = float("-inf")

    def as_caller(self, token: str) -> Glance:
        """Glance as the holder of a Keystone token sees it; asks nobody anything yet.

        His 401 raises Unauthenticated. Our own token goes along as X-Service-Token: with it
        Glance finishes what was begun with a token that expires meanwhile.
        """
        return Caller(self, token)

    def project(self) -> str:
        """The ID of the project that the credentials are scoped to."""
        project = self._again(lambda: self._told(self._http.get_project_id))
        if project is None:
            raise Denied("the credentials are not scoped to a project")
        return str(project)

    def create(self, row: Mapping[str, object]) -> Row:
        """Make a row with the ID in `row`: the one atomic step Glance has.

        Raises Conflict if the ID is, or ever was, in use. A lost answer is asked for again: a
        row that is there with these very properties is then ours.
        """
        lost = False

        def post() -> Row:
            nonlocal lost
            try:
                return self._post(row)
            except Unavailable:
                lost = True
                raise

        try:
            return self._again(post)
        except Conflict:
            found = self.find([str(row["id"])]) if lost else []
            if found and all(found[0].get(key) == value for key, value in row.items()):
                return found[0]
            raise

    def get(self, row_id: str) -> Row:
        """One row. Raises Absent."""
        return self._again(lambda: self._json("GET", _path(row_id)))

    def find(self, row_ids: Sequence[str]) -> list[Row]:
        """Those of the hidden rows with these IDs which exist; in no order."""
        rows: list[Row] = []
        for start in range(0, len(row_ids), IDS_PER_QUERY):
            some = ",".join(row_ids[start : start + IDS_PER_QUERY])
            rows.extend(self._list(id=f"in:{some}", os_hidden="true"))
        return rows

    def named(
        self, *names: str, owner: str | None = None, visibility: str = "all"
    ) -> Iterator[Row]:
        """The rows of these names that are not hidden, queued ones too; of one project or of all.

        Several names must have neither a comma nor a quote in them.
        """
        whose = {"owner": owner} if owner else {}
        wanted = f"eq:{names[0]}" if len(names) == 1 else f"in:{','.join(names)}"
        return self._list(name=wanted, container_format="docker", visibility=visibility, **whose)

    def visible(self, visibility: str = "all") -> Iterator[Row]:
        """Active docker rows that are not hidden, whosever they are; about 1 ms a row."""
        return self._list(
            container_format="docker", status="active", os_hidden="false", visibility=visibility
        )

    def with_properties(self, *, hidden: bool, **properties: str) -> Iterator[Row]:
        """Docker rows that say all this, queued ones too; Glance goes through all that one sees."""
        return self._list(
            container_format="docker", os_hidden="true" if hidden else "false", **properties
        )

    def rows(self, *, owner: str, hidden: bool, largest: int | None = None) -> Iterator[Row]:
        """All active docker rows of a project, 1,000 a page; about 1 ms a row.

        `largest` leaves out those with more bytes of data.
        """
        filters = {"owner": owner, "os_hidden": "true" if hidden else "false", "status": "active"}
        if largest is not None:
            filters["size_max"] = str(largest)
        return self._list(**filters, container_format="docker")

    def update(
        self, row_id: str, changes: Mapping[str, object], without: Iterable[str] = ()
    ) -> Row:
        """Set or add properties, and remove those of `without`, in one PATCH.

        Raises Absent; Conflict, if there is nothing to remove either.
        """
        removed = list(without)
        return self._again(lambda: self.update_once(row_id, changes, removed))

    def update_once(
        self, row_id: str, changes: Mapping[str, object], without: Iterable[str] = ()
    ) -> Row:
        """The same, never repeated: after Unavailable it may still happen, at any time."""
        removed = [{"op": "remove", "path": f"/{_pointer(key)}"} for key in without]
        added = [{"op": "add", "path": f"/{key}", "value": value} for key, value in changes.items()]
        patch = json.dumps([*removed, *added])
        headers = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
        changed: Row = self._json("PATCH", _path(row_id), data=patch, headers=headers)
        return changed

    def delete(self, row_id: str) -> None:
        """Remove a row; its ID stays taken. Raises Absent; Denied if it is protected."""
        self._again(lambda: self._json("DELETE", _path(row_id)))

    def members(self, row_id: str) -> list[Member]:
        """The projects that a row is shared with."""
        answer = self._again(lambda: self._json("GET", f"{_path(row_id)}/members"))
        return [Member(member["member_id"], member["status"]) for member in answer["members"]]

    def add_member(self, row_id: str, project: str) -> None:
        """Share a row with a project, which may then accept; doing it again is no error."""
        try:
            self._json("POST", f"{_path(row_id)}/members", json={"member": project})
        except Conflict:
            log.debug("%s is shared with %s already", row_id, project)

    def answer_for(self, row_id: str, member: Member) -> None:
        """Set a member's status; only the member itself and admins of Glance may do that."""
        path = f"{_path(row_id)}/members/{member.project}"
        self._again(lambda: self._json("PUT", path, json={"status": member.status}))

    def write(self, row_id: str, body: Sized) -> None:
        """PUT a queued row's data, with its length; never repeated here.

        Raises Conflict if the row is not queued, TooLarge or StorageFull for want of room.
        """
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(len(body))}
        answer = self._raw("PUT", f"{_path(row_id)}/file", headers=headers, data=body)
        answer.close()

    def read(self, row_id: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """A row's data from `start` to `stop`; raises before the first byte, or Unavailable.

        Some of Glance's stores know no ranges: then what comes before and after is read in vain.
        """
        if not start and stop is None:
            return _chunks(self._data(row_id))
        wanted = f"bytes={start}-{'' if stop is None else stop - 1}"
        try:
            answer = self._data(row_id, Range=wanted)
        except Refused:
            answer = self._data(row_id)
        if answer.status_code == PARTIAL:
            return _chunks(answer)
        return _cut(_chunks(answer), start, stop)

    def has_ranges(self, row_id: str) -> bool:
        """Whether the store of a row with data gives out ranges of it. Raises Absent."""
        try:
            answer = self._data(row_id, Range="bytes=0-0")
        except Refused:
            return False
        answer.close()
        return answer.status_code == PARTIAL

    def _data(self, row_id: str, **headers: str) -> requests.Response:
        answer = self._again(lambda: self._raw("GET", f"{_path(row_id)}/file", headers=headers))
        if answer.status_code == NOTHING:
            raise Absent(f"row {row_id} has no data")
        return answer

    @cached_property
    def _http(self) -> SessionClient:
        return SessionClient(
            self._session,
            region_name=self._cloud.region,
            interface=self._cloud.interface,
            endpoint_override=self._cloud.endpoint,
        )

    def _endpoint(self) -> str:
        """Glance's address in the catalog, without a version."""
        endpoint = self._told(self._http.get_endpoint)
        if not endpoint:
            raise Unavailable("the catalog has no Glance in this region")
        return VERSION.sub("", str(endpoint))

    def _vouched(self, auth: BaseAuthPlugin) -> BaseAuthPlugin:
        """`auth`, with our own token beside it if that is worth anything to Glance."""
        own = self._session.auth
        if not isinstance(own, BaseIdentityPlugin):
            return auth
        roles = self._told(lambda: own.get_access(self._session).role_names) or ()
        return Vouched(auth, own, self._may_renew) if SERVICE_ROLE in roles else auth

    def _may_renew(self) -> bool:
        """Whether our own token may be given up; not with every caller's that is refused."""
        now = time.monotonic()
        if now < self._renewed + RENEWAL_INTERVAL:
            return False
        self._renewed = now
        return True

    def _told(self, ask: Callable[[], T]) -> T:
        """What Keystone says of our own credentials."""
        try:
            return ask()
        except (keystone.ClientException, requests.RequestException, OSError) as error:
            raise self._error(getattr(error, "http_status", None), str(error)) from error

    def _post(self, row: Mapping[str, object]) -> Row:
        created: Row = self._json("POST", "/v2/images", json=dict(row))
        return created

    def _list(self, **filters: str) -> Iterator[Row]:
        url: str | None = f"/v2/images?{urlencode({**filters, 'limit': PAGE}, quote_via=quote)}"
        while url:
            page_url = url
            page = self._again(lambda: self._json("GET", page_url))  # noqa: B023
            yield from page["images"]
            url = page.get("next")

    def _json(self, method: str, url: str, **arguments: Any) -> Any:
        answer = self._call(method, url, timeout=ANSWER_TIMEOUT, **arguments)
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise Unavailable(f"{method} {url}: something else than Glance answered") from error

    def _raw(self, method: str, url: str, **arguments: Any) -> requests.Response:
        return self._call(method, url, stream=True, **arguments)

    def _call(self, method: str, url: str, **arguments: Any) -> requests.Response:
        """Past SessionClient.request: bodies keep their length there, and errors need no words.

        What stands before Glance may answer with anything, even without a Content-Type.
        """
        try:
            answer: requests.Response = Adapter.request(
                self._http, url, method, raise_exc=False, **arguments
            )
        except (keystone.ClientException, requests.RequestException, OSError) as error:
            raise self._error(getattr(error, "http_status", None), str(error)) from error
        if not answer.ok:
            status = answer.status_code
            answer.close()
            raise self._error(status, f"{method} {url}: Glance answered {status}")
        return answer

    def _error(self, status: int | None, message: str) -> RegistryError:
        """The error for a status; None or 0 if there was no answer."""
        if not status or (status >= 500 and status not in ERRORS):
            return Unavailable(message)
        kind = ERRORS.get(status, Refused)
        if issubclass(kind, Unavailable):
            return kind(message)
        # What a client may be told has no place for IDs and addresses.
        log.info("%s", message)
        return kind()

    def _again(self, call: Callable[[], T]) -> T:
        """Repeat a harmless call while Glance or Keystone is not there."""
        deadline = time.monotonic() + PATIENCE
        pause = FIRST_PAUSE
        for _ in range(self._retries):
            try:
                return call()
            except Unavailable as error:
                if time.monotonic() + pause > deadline:
                    raise
                log.warning("again in %.1f s: %s", pause, error)
            time.sleep(pause)
            pause *= 2
        return call()


class Vouched(ServiceTokenAuthWrapper):
    """A caller's token, with our own beside it."""

    def __init__(
        self, caller: BaseAuthPlugin, own: BaseAuthPlugin, may_renew: Callable[[], bool]
    ) -> None:
        super().__init__(caller, own)
        self._may_renew = may_renew

    def invalidate(self) -> bool:
        """Log in again when Glance says 401, which can be the matter of either token."""
        return self._may_renew() and self.service_auth.invalidate()


class Caller(Glance):
    """Glance with the token of somebody else; see `Glance.as_caller`."""

    def __init__(self, own: Glance, token: str) -> None:
        self._own = own
        self._token = token
        self._session = own._session
        self._retries = own._retries

    @cached_property
    def _http(self) -> SessionClient:
        """Made when needed: most requests are answered without a question to Glance."""
        endpoint = self._own._endpoint()
        auth = self._own._vouched(Token(endpoint, self._token))
        return SessionClient(self._session, auth=auth, endpoint_override=endpoint)

    def _error(self, status: int | None, message: str) -> RegistryError:
        return Unauthenticated() if status == 401 else super()._error(status, message)


def _path(row_id: str) -> str:
    return f"/v2/images/{row_id}"


def _pointer(key: str) -> str:
    """A property's name in a JSON Pointer (RFC 6901, section 3)."""
    return key.replace("~", "~0").replace("/", "~1")


def _cut(chunks: Iterator[bytes], start: int, stop: int | None) -> Iterator[bytes]:
    """What lies from `start` to `stop` of all the bytes."""
    position = 0
    for chunk in chunks:
        data = chunk[max(start - position, 0) : None if stop is None else stop - position]
        position += len(chunk)
        if data:
            yield data
        if stop is not None and position >= stop:
            return


def _chunks(answer: requests.Response) -> Iterator[bytes]:
    try:
        yield from answer.iter_content(READ_SIZE)
    except (requests.RequestException, OSError) as error:
        raise Unavailable(f"Glance broke off: {error}") from error
    finally:
        answer.close()
