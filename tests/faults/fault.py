"""What can go wrong between the registry and Glance, as data for the proxy."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from enum import Enum, auto

#: Paths of Glance's API.
DATA = r"/v2/images/[^/]+/file$"
ROW = r"/v2/images/[^/?]+$"
LIST = r"/v2/images\?"
CREATE = r"/v2/images$"
ANY = r""


class Kind(Enum):
    """`at` counts bytes of the request's body, or of the answer's in STALL and CUT."""

    #: Nothing but what `flip` and `spoil` do.
    PASS = auto()
    #: Answer with `status`, once `at` bytes of the body were taken; then close.
    ANSWER = auto()
    #: Pass `at` bytes, then reset both connections.
    RESET = auto()
    #: Pass `at` bytes, then wait until released.
    HOLD = auto()
    #: Take the request and never answer, until released.
    HANG = auto()
    #: Pass all, and keep the answer from the client.
    LOSE = auto()
    #: Pass all, and the answer once released.
    DELAY = auto()
    #: Pass `at` bytes of the answer, and the rest once released.
    STALL = auto()
    #: Pass `at` bytes of the answer, then reset.
    CUT = auto()


@dataclass
class Fault:
    """It strikes the first `times` requests that fit, after it has let `skip` of them pass."""

    method: str
    path: str
    kind: Kind = Kind.PASS
    at: int = 0
    status: int = 0
    times: int = 1 << 30
    skip: int = 0
    #: Bytes of the answer's, and of the request's body of which one bit is turned.
    flip: int = -1
    spoil: int = -1
    #: Set when it strikes.
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def fits(self, method: str, path: str) -> bool:
        """Whether it strikes this request; asked once for each."""
        if self.method not in ("", method) or not re.search(self.path, path) or not self.times:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


def answers(status: int, method: str = "", path: str = ANY, *, at: int = 0) -> Fault:
    """A service that answers with an error."""
    return Fault(method, path, Kind.ANSWER, at=at, status=status)
