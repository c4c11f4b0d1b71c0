"""Work that takes longer than a client waits: done once, and by few at a time, over all workers."""

from __future__ import annotations

import fcntl
import logging
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore, Lock, Thread

from registry_glance.errors import Denied, RegistryError, Unauthenticated, Unexamined
from registry_glance.spool.permits import Permits

log = logging.getLogger(__name__)

#: Images that are looked through at once, over all workers.
MOST = 2
#: Images that are looked through or wait for it in one process; of these, one project's.
QUEUE = 32
QUEUE_OF_PROJECT = 4
#: Requests of one process that wait for it, of the threads that it has.
WAITING = 16
#: Seconds that a client is kept waiting; some give up after 30 (moby#53700, containerd#13682).
PATIENCE = 20
#: Seconds in which a failure is told again, instead of failing anew.
MEMORY = 30
#: Lock files that images share by hash.
LOCKS = 64
#: Failures that are the matter of whoever has asked.
PERSONAL = (Unauthenticated, Denied)


@dataclass(slots=True)
class _Work:
    """What is done for an image of a project; `ended` when it has failed, in seconds."""

    project: str
    future: Future[None] = field(default_factory=Future)
    ended: float | None = None


class Examiners:
    """Looks through images in the background. To be made in each worker."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds locks; it is made if it is not there."""
        self._permits = Permits(folder / "turns", MOST)
        self._locks = folder / "locks"
        self._locks.mkdir(parents=True, exist_ok=True)
        self._works: dict[str, _Work] = {}
        self._lock = Lock()
        self._waiting = BoundedSemaphore(WAITING)

    def see_to(self, image: str, project: str, work: Callable[[], None]) -> None:
        """Have `work` done for an image of a project, unless somebody is at it; wait for its end.

        Of several processes one works at a time, and the others after it: `work` looks first
        whether there is anything left to do. Raises what it raises, also a moment later; Unexamined
        after `PATIENCE`, while it goes on, and if there is too much to do already.
        """
        is_ours = False
        while not is_ours:
            future, is_ours = self._begun(image, project, work)
            try:
                self._wait(future)
                return
            except PERSONAL:
                # Of somebody else's credentials; ours may do.
                if is_ours:
                    raise

    def _wait(self, future: Future[None]) -> None:
        if not self._waiting.acquire(blocking=False):
            raise Unexamined()
        try:
            future.result(PATIENCE)
        except TimeoutError:
            raise Unexamined() from None
        finally:
            self._waiting.release()

    def _begun(
        self, image: str, project: str, work: Callable[[], None]
    ) -> tuple[Future[None], bool]:
        """The work on an image, and whether it is ours."""
        with self._lock:
            self._forget_failures()
            known = self._works.get(image)
            if known is not None:
                return known.future, False
            self._check_room(project)
            begun = self._works[image] = _Work(project)
        # A daemon: nobody waits for it when the process ends.
        Thread(target=self._run, args=(image, work, begun), daemon=True).start()
        return begun.future, True

    def _check_room(self, project: str) -> None:
        works = [one.project for one in self._works.values() if one.ended is None]
        if len(works) >= QUEUE or works.count(project) >= QUEUE_OF_PROJECT:
            raise Unexamined("too many images are being looked through: try again")

    def _forget_failures(self) -> None:
        now = time.monotonic()
        for image, one in list(self._works.items()):
            if one.ended is not None and now > one.ended + MEMORY:
                del self._works[image]

    def _run(self, image: str, work: Callable[[], None], begun: _Work) -> None:
        try:
            with self._alone(image), self._permits.one():
                work()
        except BaseException as error:
            if not isinstance(error, RegistryError):
                log.exception("cannot look through image %s", image)
            with self._lock:
                begun.ended = time.monotonic()
                if isinstance(error, PERSONAL):
                    del self._works[image]
            # Without its traceback, which would keep what the work has opened.
            begun.future.set_exception(error.with_traceback(None))
        else:
            with self._lock:
                del self._works[image]
            begun.future.set_result(None)

    @contextmanager
    def _alone(self, image: str) -> Iterator[None]:
        path = self._locks / str(zlib.crc32(image.encode()) % LOCKS)
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
