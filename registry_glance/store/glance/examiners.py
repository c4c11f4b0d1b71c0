"""Work that takes longer than a client waits: done once, and by few at a time, over all workers."""

from __future__ import annotations

import fcntl
import logging
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Thread

from registry_glance.errors import RegistryError, Unexamined
from registry_glance.spool.permits import Permits

log = logging.getLogger(__name__)

#: Images that are looked through at once, over all workers.
MOST = 2
#: Images that wait for that in one process.
QUEUE = 32
#: Seconds that a client is kept waiting; some give up after 30 (moby#53700, containerd#13682).
PATIENCE = 20
#: Lock files that images share by hash.
LOCKS = 64


class Examiners:
    """Looks through images in the background. To be made in each worker."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds locks; it is made if it is not there."""
        self._permits = Permits(folder / "turns", MOST)
        self._locks = folder / "locks"
        self._locks.mkdir(parents=True, exist_ok=True)
        self._running: dict[str, Future[None]] = {}
        self._lock = Lock()

    def see_to(self, image: str, work: Callable[[], None]) -> None:
        """Have `work` done for an image, unless somebody is at it, and wait for its end.

        Of several processes one works at a time, and the others after it: `work` looks first
        whether there is anything left to do. Raises what it raises; Unexamined after `PATIENCE`,
        while it goes on.
        """
        try:
            self._begun(image, work).result(PATIENCE)
        except TimeoutError:
            raise Unexamined() from None

    def _begun(self, image: str, work: Callable[[], None]) -> Future[None]:
        with self._lock:
            future = self._running.get(image)
            if future is None:
                if len(self._running) >= QUEUE:
                    raise Unexamined("too many images are being looked through: try again")
                future = self._running[image] = Future()
                # A daemon: nobody waits for it when the process ends.
                Thread(target=self._run, args=(image, work, future), daemon=True).start()
            return future

    def _run(self, image: str, work: Callable[[], None], future: Future[None]) -> None:
        try:
            with self._alone(image), self._permits.one():
                work()
        except BaseException as error:
            if not isinstance(error, RegistryError):
                log.exception("cannot look through image %s", image)
            self._ended(image)
            future.set_exception(error)
        else:
            self._ended(image)
            future.set_result(None)

    def _ended(self, image: str) -> None:
        with self._lock:
            del self._running[image]

    @contextmanager
    def _alone(self, image: str) -> Iterator[None]:
        path = self._locks / str(zlib.crc32(image.encode()) % LOCKS)
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
