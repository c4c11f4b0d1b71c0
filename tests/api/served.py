"""A registry that keeps nothing, behind the real server: `python -m tests.api.served CONFIG KIND`.

KIND `memory` streams its blobs; `files` hands them out as open files, to be sent by the kernel.
`slow` takes seconds for what others do at once, as a Glance far away.
`mirror` lets nobody in, and tells everybody who he is.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator

from registry_glance.api.access import Admission, Need
from registry_glance.app import create_app
from registry_glance.config import load
from registry_glance.errors import Denied
from registry_glance.oci.digest import Digest
from registry_glance.oci.names import Repository
from registry_glance.oci.ranges import Range
from registry_glance.server import serve
from registry_glance.store.contract import Body, Content, FileSlice
from registry_glance.store.memory import MemoryContent, MemoryStore

#: seconds
PAUSE = 0.4


class FileContent(Content):
    """A blob in a file of its own."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, wanted: Range) -> FileSlice:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the server closes it
        file.write(self._data)
        file.seek(wanted.start)
        return FileSlice(file, wanted.length)


class FileStore(MemoryStore):
    """The store in memory, but for how blobs are read."""

    def open_blob(self, repository: Repository, digest: Digest) -> Content:
        content = super().open_blob(repository, digest)
        assert isinstance(content, MemoryContent)
        return FileContent(b"".join(content.read(Range(0, content.size))))


class SlowBody:
    """A body whose reader has other things to do."""

    def __init__(self, body: Body) -> None:
        self._body = body

    def read(self, size: int) -> bytes:
        time.sleep(PAUSE)
        return self._body.read(1 << 20)


class SlowContent(Content):
    """A blob of which a piece comes now and then."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self.size = content.size

    def read(self, wanted: Range) -> Iterator[bytes]:
        for start in range(wanted.start, wanted.stop, 1 << 20):
            time.sleep(PAUSE)
            yield from self._content.read(Range(start, min(start + (1 << 20), wanted.stop)))


class SlowStore(MemoryStore):
    """The store in memory, but for its pace."""

    def open_blob(self, repository: Repository, digest: Digest) -> Content:
        return SlowContent(super().open_blob(repository, digest))

    def append(
        self, repository: Repository, upload: str, body: Body, chunk: Range | None = None
    ) -> int:
        return super().append(repository, upload, SlowBody(body), chunk)


def mirror(need: Need) -> Admission:
    """A gate that shows what it is asked."""
    raise Denied(detail={"address": need.address, "origin": need.origin})


STORES = {"memory": MemoryStore, "files": FileStore, "slow": SlowStore, "mirror": MemoryStore}
GATES = {"mirror": mirror}

if __name__ == "__main__":
    _, path, kind = sys.argv
    store = STORES[kind]()
    sys.exit(serve(load(path, {}), lambda config: create_app(config, store, GATES.get(kind))))
