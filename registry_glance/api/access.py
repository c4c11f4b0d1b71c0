"""Who may do what: the question that is asked before every handler."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from registry_glance.oci.names import Repository
from registry_glance.store.contract import Store


class Access(StrEnum):
    """What a request needs. `NONE` is open to everybody and needs no store; `LOGIN` is for all
    who are known.
    """

    NONE = "none"
    LOGIN = "login"
    PULL = "pull"
    PUSH = "push"
    DELETE = "delete"
    CATALOG = "catalog"


class Need(NamedTuple):
    """A request's wish: `authorization` is the header as it came; it is secret.

    `address` is the client's; `origin` how he reached us, such as `https://registry:5042`.
    """

    access: Access
    repository: Repository | None
    authorization: str | None
    address: str = ""
    origin: str = ""


class Admission(NamedTuple):
    """The store as the caller sees it; for the log, his project and a hash that stands for him.

    `challenge` is the WWW-Authenticate that he is sent if Glance knows him no longer.
    """

    store: Store
    project: str = "-"
    caller: str = "-"
    challenge: str = ""


#: Answers a need with an admission, or raises what the client is to be told.
Gate = Callable[[Need], Admission]


def everybody(store: Store | Callable[[], Store]) -> Gate:
    """A gate that lets everybody in: trying out, closed networks, tests."""

    def admit(need: Need) -> Admission:
        return Admission(store if isinstance(store, Store) else store())

    return admit
