"""HTTP/1.1 messages on a stream, only as far as a proxy must understand them."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedIOBase
from typing import NamedTuple

FRAME = 1 << 17


class Head(NamedTuple):
    """The first line and the headers of a message, as they came and as far as we look."""

    raw: bytes
    first: tuple[str, ...]
    headers: dict[str, str]

    @property
    def status(self) -> int:
        """Of an answer."""
        return int(self.first[1])


def read_head(stream: BufferedIOBase) -> Head | None:
    """The next message's head; None at the end of the stream."""
    lines = []
    while (line := stream.readline()) not in (b"\r\n", b""):
        lines.append(line)
    if not lines or not line:
        return None
    pairs = (text.decode("latin-1").partition(":") for text in lines[1:])
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    first = tuple(lines[0].decode("latin-1").split(maxsplit=2))
    return Head(b"".join(lines) + b"\r\n", first, headers)


def read_body(stream: BufferedIOBase, head: Head, *, of_answer: bool = False) -> Iterator[bytes]:
    """A message's body, piece by piece, framed as it came."""
    if "chunked" in head.headers.get("transfer-encoding", ""):
        yield from _chunks(stream)
    elif "content-length" in head.headers:
        yield from _counted(stream, int(head.headers["content-length"]))
    elif of_answer and head.status not in (204, 304):
        while data := stream.read1(FRAME):
            yield data


def _counted(stream: BufferedIOBase, length: int) -> Iterator[bytes]:
    while length > 0:
        data = stream.read1(min(length, FRAME))
        if not data:
            raise ConnectionResetError("the message breaks off")
        length -= len(data)
        yield data


def _chunks(stream: BufferedIOBase) -> Iterator[bytes]:
    while True:
        line = stream.readline()
        yield line
        size = int(line.split(b";")[0] or b"0", 16)
        yield from _counted(stream, size + 2)
        if size == 0:
            return
