"""One request, as the handlers see it."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.datastructures import Headers, MultiDict

from registry_glance.api.body import RequestBody
from registry_glance.config import Config
from registry_glance.store.contract import Store


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler may use; what the path says comes beside it, parsed."""

    config: Config
    store: Store
    headers: Headers
    query: MultiDict[str, str]
    body: RequestBody
