"""A blob on its way to a registry: in pieces, and on from where the registry says it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import requests

from registry_glance.client.connection import finish, is_good
from registry_glance.client.errors import Absent, ClientError, Refusal, Unreachable, Untrue
from registry_glance.client.patience import PASSING
from registry_glance.client.registry import Registry, pushing
from registry_glance.client.unfinished import Note
from registry_glance.oci.digest import Digest
from registry_glance.oci.names import Repository

#: `Range` of an upload: the last byte that is there.
RANGE = re.compile(r"(?:bytes=)?0-(\d{1,19})", re.ASCII)

#: Statuses of uploads that cannot be gone on with: of nobody's, of somebody else's, without GET.
GONE = frozenset({400, 403, 404, 405, 410})

#: A blob's bytes from an offset on.
Open = Callable[[int], Iterator[bytes]]


class Lost(ClientError):
    """The registry knows the upload no longer, or takes none of its bytes."""

    code = "BLOB_UPLOAD_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("the registry forgets the uploads that it has begun")


class Unreadable(ClientError):
    """A file that cannot be read any more."""

    code = "FILE"

    def __init__(self, error: OSError) -> None:
        where = f"{error.filename}: " if error.filename else ""
        super().__init__(f"{where}{error.strerror or 'cannot be read'}")


class Upload:
    """Sends one blob. To be used once."""

    def __init__(
        self,
        registry: Registry,
        repository: Repository,
        digest: Digest,
        size: int,
        read: Open,
        piece_size: int,
        reached: Callable[[int], None],
    ) -> None:
        """`reached` is told how many bytes are sent; it may be fewer than before."""
        self._registry = registry
        self._scope = pushing(repository)
        self._repository = repository
        self._digest = digest
        self._size = size
        self._source = Source(read)
        self._piece_size = piece_size
        self._reached = reached
        self._location = ""
        self._offset = 0
        #: how often the registry has had fewer bytes than before
        self._setbacks = 0
        #: where an upload that had begun before went on
        self.began = 0

    def run(self, note: Note, location: str | None = None) -> None:
        """Send it all, going on with what the note says; or at `location`, a new upload.

        Raises Refusal, Unreachable; Untrue if the bytes are not those of the digest.
        """
        try:
            self._send(note, location)
        except Lost:
            note.forget()
            self._send(note, None)

    def _send(self, note: Note, location: str | None) -> None:
        self._location = note.location or location or ""
        self.began = self._offset = self._found() if note.location else 0
        if not self._location:
            self._location = self._registry.begin_upload(self._repository, self._digest)
        note.keep(self._location)
        while self._offset < self._size:
            self._reached(self._offset)
            self._patch()
            note.keep(self._location)
        self._reached(self._offset)
        try:
            self._put()
        except Untrue:
            note.forget()
            raise
        note.forget()

    def _patch(self) -> None:
        """Send a piece, again if need be; the registry says how far that has come."""
        began = self._offset
        failures = 0
        while self._offset == began:
            size = min(self._piece_size, self._size - began)
            answer = self._sent(size)
            if answer is not None and is_good(answer) and self._take(answer, began + size) > began:
                return
            failures += 1
            self._check(answer, failures)
            self._pause(answer, failures)
            self._offset = self._found()
        if self._offset < began:
            self._setbacks += 1

    def _check(self, answer: requests.Response | None, failures: int) -> None:
        """Raise what a failure means, if it is not worth another try."""
        is_last = failures + self._setbacks >= self._registry.connection.patience.tries
        if answer is None or is_good(answer):
            if is_last:
                raise Unreachable(f"{self._registry.name} takes no more of {self._digest}")
        elif answer.status_code == 404 or (answer.status_code == 416 and failures > 1):
            raise Lost  # What is said twice will be said for ever.
        elif answer.status_code not in PASSING | {416} or is_last:
            raise self._registry.connection.refusal(answer)

    def _pause(self, answer: requests.Response | None, failures: int) -> None:
        later = None
        if answer is not None:
            finish(answer)
            later = answer.headers.get("Retry-After")
        self._registry.connection.patience.pause(failures, later)

    def _sent(self, size: int) -> requests.Response | None:
        """The answer to a piece; None if there is none."""
        last = self._offset + size - 1
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Range": f"{self._offset}-{last}",
        }
        body = Piece(self._source, self._offset, size, self._reached)
        try:
            return self._registry.connection.send(
                "PATCH", self._location, scope=self._scope, headers=headers, data=body
            )
        except Unreachable:
            if self._source.failure is not None:
                raise self._source.failure from None
            return None

    def _found(self) -> int:
        """How far the upload is (end-13). Raises Lost."""
        try:
            answer = self._registry.connection.ask("GET", self._location, scope=self._scope)
        except Refusal as error:
            if error.status in GONE:
                raise Lost from None
            raise
        return self._take(answer, 0)

    def _take(self, answer: requests.Response, otherwise: int) -> int:
        """Go on where an answer says. Raises Unreachable for what cannot be."""
        finish(answer)
        if answer.headers.get("Location"):
            self._location = self._registry.location(answer, self._location)
        match = RANGE.fullmatch((answer.headers.get("Range") or "").strip())
        offset = int(match[1]) + 1 if match else otherwise
        # One byte and none look the same.
        if offset == 1 and otherwise != 1:
            offset = 0
        if offset > self._size:
            raise Lost
        self._offset = offset
        return offset

    def _put(self) -> None:
        """End the upload; who hears no answer looks whether it has."""
        mark = "&" if "?" in self._location else "?"
        path = f"{self._location}{mark}digest={quote(str(self._digest))}"
        try:
            finish(self._registry.connection.ask("PUT", path, scope=self._scope, data=b""))
        except ClientError as error:
            if error.code == "DIGEST_INVALID":
                if self.began:
                    raise Lost from None  # Who knows what has come before.
                raise Untrue(f"the bytes for {self._digest} do not have this digest") from None
            if self._registry.has_blob(self._repository, self._digest):
                return
            if isinstance(error, Absent):
                raise Lost from None
            raise


class Source:
    """A blob's bytes, read once as long as they are asked for in order."""

    def __init__(self, read: Open) -> None:
        self._read = read
        self._chunks: Iterator[bytes] = iter(())
        self._rest = b""
        self._offset = -1
        self.failure: ClientError | None = None

    def part(self, offset: int, size: int) -> Iterator[bytes]:
        """`size` bytes from `offset`. What fails is kept in `failure`, too."""
        if offset != self._offset:
            self._chunks, self._rest, self._offset = self._read(offset), b"", offset
        try:
            while size:
                data = self._rest or next(self._chunks, b"")
                if not data:
                    raise Untrue("a blob is shorter than its manifest says")
                data, self._rest = data[:size], data[size:]
                size -= len(data)
                self._offset += len(data)
                yield data
        except ClientError as error:
            self.failure, self._offset = error, -1
            raise
        except OSError as error:
            # Not the connection's, for which it would be taken on its way through that.
            self.failure, self._offset = Unreadable(error), -1
            raise self.failure from None


class Piece:
    """A request's body: its length is known, and it can be sent again."""

    def __init__(
        self, source: Source, offset: int, size: int, reached: Callable[[int], None]
    ) -> None:
        self._source = source
        self._offset = offset
        self._size = size
        self._reached = reached

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        offset = self._offset
        for data in self._source.part(self._offset, self._size):
            yield data
            offset += len(data)
            self._reached(offset)
