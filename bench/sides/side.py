"""What every side can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Literal

from bench.connection import Connection
from bench.payload import Payload

Question = Literal["manifest by tag", "manifest by digest", "blob HEAD"]
Listing = Literal["tags", "repositories"]


@dataclass(frozen=True)
class Request:
    """A request that is to be sent again and again."""

    url: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)


class Side(ABC):
    """One of those who are measured. Times are in seconds."""

    #: As it is called in the table.
    name: str
    #: HOST:PORT.
    address: str

    @property
    @abstractmethod
    def pids(self) -> list[int]:
        """Its processes; those that descend from them belong to it, too."""

    @abstractmethod
    def start(self) -> None:
        """Return when it answers. Raises CannotStart."""

    @abstractmethod
    def stop(self) -> None:
        """End it, and wait."""

    @abstractmethod
    def connect(self) -> Connection:
        """A connection that is let in."""

    @abstractmethod
    def push(self, payload: Payload, frame: int) -> float:
        """Bring a blob there; how long it took. Registries get it in chunks of `frame` bytes."""

    @abstractmethod
    def path(self, payload: Payload) -> str:
        """Where GET finds what was pushed."""

    @abstractmethod
    def forget(self, payload: Payload) -> None:
        """Remove a blob, also from the disk."""

    @abstractmethod
    def push_small(self, connection: Connection, data: bytes) -> None:
        """Bring a small blob there as docker does."""

    @abstractmethod
    def publish(self) -> None:
        """Bring a small image there, for `request`."""

    @abstractmethod
    def request(self, question: Question) -> Request:
        """The request to ask for the published image."""

    @abstractmethod
    def fill(self, listing: Listing, count: int) -> None:
        """Have so many more tags in one repository, or repositories with one tag."""

    @abstractmethod
    def change(self, listing: Listing) -> None:
        """Change something in the list."""

    @abstractmethod
    def count(self, listing: Listing) -> int:
        """Read the whole list, page by page; how many there are."""

    def cool(self) -> None:  # noqa: B027
        """Forget what was kept near to be fast; nothing, where nothing is."""
