"""One request, as the handlers see it."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.datastructures import Headers, MultiDict

from registry_glance.api.body import RequestBody
from registry_glance.config import Config
from registry_glance.store.contract import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What came in; what the path says comes beside it, parsed.

    `address` is the client's; `origin` how he reached us, such as `https://registry:5042`.
    """

    config: Config
    headers: Headers
    query: MultiDict[str, str]
    body: RequestBody
    address: str
    origin: str

    def admitted(self, store: Store) -> Call:
        """The call that the request becomes once its caller was let in."""
        return Call(
            config=self.config,
            headers=self.headers,
            query=self.query,
            body=self.body,
            address=self.address,
            origin=self.origin,
            store=store,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Request):
    """A request that was let in, and the store as its caller sees it."""

    store: Store
