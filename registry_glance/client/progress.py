"""Who watches bytes go by."""

from __future__ import annotations

from typing import Protocol

from registry_glance.oci.digest import Digest


class Progress(Protocol):
    """Called by several threads at once."""

    def begin(self, digest: Digest, size: int) -> None:
        """A blob of `size` bytes is on its way."""

    def reach(self, digest: Digest, offset: int) -> None:
        """So many of its bytes are over; may be fewer than before."""

    def end(self, digest: Digest, outcome: str) -> None:
        """It is over: `sent`, `there` already, `mounted`, `read` or `failed`."""


class Silence:
    """For whom nobody watches."""

    def begin(self, digest: Digest, size: int) -> None:
        return

    def reach(self, digest: Digest, offset: int) -> None:
        return

    def end(self, digest: Digest, outcome: str) -> None:
        return
