"""Every way a request can fail, and the one table that says what a client is told.

Below HTTP one raises; nothing there knows a status. The codes are those of the OCI Distribution
Specification 1.1, "Error Codes", and of Docker's registry API for what that list leaves out.

    RegistryError
    ├── NameInvalid, NameUnknown
    ├── DigestInvalid, SizeInvalid
    ├── BlobUnknown, BlobInUse
    ├── UploadUnknown, UploadInvalid, UploadOutOfOrder
    ├── ManifestUnknown, ManifestInvalid, ManifestTooLarge, ManifestBlobUnknown
    ├── RangeNotSatisfiable
    ├── Unsupported, NotFound, PaginationInvalid, TooManyTags
    ├── Unauthenticated, TooManyAttempts, Denied
    ├── TooLarge, StorageFull
    ├── ArchiveInvalid, Unexamined
    ├── Corrupt
    └── Unavailable
"""

from __future__ import annotations

from typing import Any, NamedTuple


class RegistryError(Exception):
    """A request that cannot be fulfilled.

    `detail` is any JSON the client may use; `headers` go into the answer as they are.
    """

    def __init__(
        self, message: str = "", *, detail: Any = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.headers = headers or {}


class NameInvalid(RegistryError):
    """A repository or tag name outside the specification's grammar."""


class NameUnknown(RegistryError):
    """No repository of that name."""


class DigestInvalid(RegistryError):
    """A digest that cannot be read, or that the bytes do not have."""


class SizeInvalid(RegistryError):
    """A body that is shorter or longer than it said."""


class BlobUnknown(RegistryError):
    """No such blob."""


class BlobInUse(RegistryError):
    """A blob that a manifest still refers to."""


class UploadUnknown(RegistryError):
    """No such upload, or one that has ended."""


class UploadInvalid(RegistryError):
    """An upload request that makes no sense, such as a malformed Content-Range."""


class UploadOutOfOrder(RegistryError):
    """A chunk that does not begin where the last one ended. `offset`: bytes received so far."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"the next byte of this upload is {offset}", detail={"offset": offset})
        self.offset = offset


class ManifestUnknown(RegistryError):
    """No such manifest or tag."""


class ManifestInvalid(RegistryError):
    """Bytes that are no manifest of the type they claim."""


class ManifestTooLarge(RegistryError):
    """A manifest above the limit (4 MiB unless set otherwise)."""


class ManifestBlobUnknown(RegistryError):
    """A manifest that refers to something absent. `detail` lists the digests."""


class RangeNotSatisfiable(RegistryError):
    """A Range header that selects nothing of a blob of `size` bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(headers={"Content-Range": f"bytes */{size}"})


class Unsupported(RegistryError):
    """A method that this path does not have, or a feature that is not offered."""


class NotFound(RegistryError):
    """A path that is none of the registry's."""


class PaginationInvalid(RegistryError):
    """`n` that is no number of results."""


class TooManyTags(RegistryError):
    """More tags in one push than are allowed."""


class Unauthenticated(RegistryError):
    """Nobody that Keystone knows, or nobody any more: whoever logs in may go on."""


class TooManyAttempts(RegistryError):
    """Too many wrong passwords at a time."""

    def __init__(self, message: str = "", *, retry_after: int = 5) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


class Denied(RegistryError):
    """What Glance, a policy or a protected tag forbids."""


class TooLarge(RegistryError):
    """What exceeds Glance's quota or size limit, or this registry's."""


class StorageFull(RegistryError):
    """No room on the local disk or in Glance's store."""


class ArchiveInvalid(RegistryError):
    """Bytes of which no image can be made; the message says why."""


class Unexamined(RegistryError):
    """An image that is still being looked through: whoever comes again later may have it."""

    def __init__(self, message: str = "", *, retry_after: int = 10) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


class Corrupt(RegistryError):
    """Bytes from Glance that do not have the digest they are kept under."""


class Unavailable(RegistryError):
    """Glance or Keystone cannot be reached, is too slow, or answers 5xx; worth trying again."""

    def __init__(self, message: str = "", *, retry_after: int = 5) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


class Answer(NamedTuple):
    """What a client is told: HTTP status, error code, and a message if the error has none."""

    status: int
    code: str
    message: str


ANSWERS: dict[type[RegistryError], Answer] = {
    NameInvalid: Answer(400, "NAME_INVALID", "invalid repository name"),
    NameUnknown: Answer(404, "NAME_UNKNOWN", "repository name not known to registry"),
    DigestInvalid: Answer(400, "DIGEST_INVALID", "provided digest did not match uploaded content"),
    SizeInvalid: Answer(400, "SIZE_INVALID", "provided length did not match content length"),
    BlobUnknown: Answer(404, "BLOB_UNKNOWN", "blob unknown to registry"),
    BlobInUse: Answer(405, "DENIED", "a manifest refers to this blob"),
    UploadUnknown: Answer(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry"),
    UploadInvalid: Answer(400, "BLOB_UPLOAD_INVALID", "blob upload invalid"),
    UploadOutOfOrder: Answer(416, "BLOB_UPLOAD_INVALID", "chunk out of order"),
    ManifestUnknown: Answer(404, "MANIFEST_UNKNOWN", "manifest unknown to registry"),
    ManifestInvalid: Answer(400, "MANIFEST_INVALID", "manifest invalid"),
    ManifestTooLarge: Answer(413, "MANIFEST_INVALID", "manifest too large"),
    ManifestBlobUnknown: Answer(
        404, "MANIFEST_BLOB_UNKNOWN", "manifest references a manifest or blob unknown to registry"
    ),
    RangeNotSatisfiable: Answer(416, "SIZE_INVALID", "requested range not satisfiable"),
    Unsupported: Answer(405, "UNSUPPORTED", "the operation is unsupported"),
    NotFound: Answer(404, "UNSUPPORTED", "no such path"),
    PaginationInvalid: Answer(400, "PAGINATION_NUMBER_INVALID", "invalid number of results"),
    TooManyTags: Answer(414, "UNSUPPORTED", "too many tags in one request"),
    # Docker's engine takes its own words for these codes for no message at all: it would show the
    # bare code, and not see that trying again for 50 s is of no use.
    Unauthenticated: Answer(
        401, "UNAUTHORIZED", "log in with a name, password and project that Keystone knows"
    ),
    TooManyAttempts: Answer(429, "TOOMANYREQUESTS", "too many failed logins, try again later"),
    Denied: Answer(403, "DENIED", "your roles, the policy or Glance do not allow that"),
    TooLarge: Answer(413, "SIZE_INVALID", "Glance's quota or size limit is exceeded"),
    StorageFull: Answer(507, "STORAGE_FULL", "no space left"),
    ArchiveInvalid: Answer(404, "MANIFEST_UNKNOWN", "no image can be made of this"),
    # Of 503 docker shows no reason; with 429 skopeo and podman come again by themselves.
    Unexamined: Answer(
        429, "TOOMANYREQUESTS", "this image is being looked through for the first time: try again"
    ),
    Corrupt: Answer(500, "CORRUPT", "stored bytes do not have their digest"),
    Unavailable: Answer(503, "UNAVAILABLE", "Glance or Keystone is not available"),
}

UNKNOWN = Answer(500, "UNKNOWN", "internal error")


def answer(error: Exception) -> Answer:
    """The table's row for `error`; anything that is not in it is `UNKNOWN`."""
    for kind in type(error).__mro__:
        if kind in ANSWERS:
            return ANSWERS[kind]
    return UNKNOWN
