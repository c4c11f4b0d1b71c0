"""What can go wrong for who asks a registry for something.

    ClientError
    ├── Usage           what was asked makes no sense
    ├── Refusal         the registry has answered with an error
    │   ├── LoginRefused
    │   └── Absent
    ├── Unreachable     no answer, or none that can be used, after all tries
    └── Untrue          bytes that are not what their digest says

A message never holds a credential, nor an address with a query: those of storages are signed.
"""

from __future__ import annotations


class ClientError(Exception):
    """Something that is said in one line. `code` is for programs; `status` HTTP's, if any."""

    code = "FAILED"
    status: int | None = None


class Usage(ClientError):
    """A name, an option or a file that cannot be used."""

    code = "USAGE"


class Refusal(ClientError):
    """The registry's own answer: its status, code (OCI Distribution 1.1, "Error Codes"), words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class LoginRefused(Refusal):
    """401: no credentials, or wrong ones."""


class Absent(Refusal):
    """404."""


class Unreachable(ClientError):
    """Nobody there, or nobody who speaks as a registry does."""

    code = "UNREACHABLE"


class Untrue(ClientError):
    """Bytes that do not have the digest or the size that they are said to have."""

    code = "DIGEST_INVALID"
