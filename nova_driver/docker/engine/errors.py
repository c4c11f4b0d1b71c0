"""Every way a call of the Docker Engine can fail, and the one table that tells them apart.

Engine API v1.41, "Errors": the status counts; the wording of messages is for people.

    EngineError
    ├── Refused       400: what was asked for makes no sense to the Engine
    ├── Denied        401, 403: the Engine asked somebody else, who said no
    ├── Absent        404
    ├── Conflict      409: not in this state, or the name is taken
    ├── Failed        other 4xx and 5xx, and what a stream reports after its 200
    ├── Unavailable   no answer, none in time, or one that broke off
    ├── Garbled       an answer that is not the Engine's
    └── Incompatible  no version of the API in common
"""

from __future__ import annotations

#: characters of the Engine's own words in a message
LONGEST = 500


class EngineError(Exception):
    """A call that the Engine did not fulfil. `words`: all that it said; shown are the first."""

    def __init__(self, words: str = "", status: int | None = None) -> None:
        super().__init__(words, status)
        self.words = words
        self.status = status

    def __str__(self) -> str:
        return self.words[:LONGEST] + (f" (status {self.status})" if self.status else "")


class Refused(EngineError):
    """A request that the Engine finds invalid."""


class Denied(EngineError):
    """What a registry does not allow."""


class Absent(EngineError):
    """No such container or image."""


class Conflict(EngineError):
    """A state in which this cannot be done, or a name that is taken."""


class Failed(EngineError):
    """The Engine tried, and failed."""


class Unavailable(EngineError):
    """The Engine cannot be reached, is too slow, or broke off."""


class Garbled(EngineError):
    """Bytes that are no answer of the Engine's API."""


class Incompatible(EngineError):
    """An Engine too old or too new for this client."""


ERRORS: dict[int, type[EngineError]] = {
    400: Refused,
    401: Denied,
    403: Denied,
    404: Absent,
    409: Conflict,
    503: Unavailable,
}


def error(status: int, words: str) -> EngineError:
    """The error for a status of 400 or more, with what the Engine said."""
    said = " ".join(words.split())
    return ERRORS.get(status, Failed)(said or "no reason given", status)
