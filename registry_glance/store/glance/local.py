"""What the stores of all projects share in one process: the machine's disk and its limits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from registry_glance.cache.answers import Answers
from registry_glance.cache.blobs import BlobCache
from registry_glance.cache.epochs import Epochs
from registry_glance.cache.hints import Hints
from registry_glance.config import Config
from registry_glance.spool.permits import Permits
from registry_glance.spool.pieces import Spool
from registry_glance.spool.sessions import Sessions
from registry_glance.store.glance import copies
from registry_glance.store.glance.copies import Copies
from registry_glance.store.glance.examiners import Examiners
from registry_glance.store.glance.trees import Trees


@dataclass(frozen=True, slots=True)
class Local:
    """To be made in each worker: threads and locks survive no fork.

    `puts`, `gets` and the turns of `copies` are held over all workers; `threads` send pieces to
    Glance.
    """

    folder: Path
    cache: BlobCache
    answers: Answers
    hints: Hints
    spool: Spool
    sessions: Sessions
    puts: Permits
    gets: Permits
    copies: Copies
    examiners: Examiners
    threads: ThreadPoolExecutor
    trees: Trees = field(default_factory=Trees)

    def of(self, project: str) -> Local:
        """The same, with the files and the memory of one project."""
        return replace(self, cache=self.cache.of(project), answers=self.answers.of(project))

    @classmethod
    def made(cls, config: Config) -> Local:
        """Below `config.state`. Raises StorageFull."""
        folder, cache = config.state / "spool", config.state / "cache"
        hints = Hints(cache / "hints")
        local = cls(
            folder,
            BlobCache(cache, config.cache.size),
            Answers(Epochs(cache / "epochs"), config.cache.staleness),
            hints,
            Spool(folder, config.spool.size // config.workers, config.glance.piece_size),
            Sessions(folder / "uploads"),
            Permits(folder / "puts", config.glance.puts),
            Permits(folder / "gets", config.glance.gets),
            Copies(Permits(folder / "copies", copies.MOST), hints),
            Examiners(folder / "examinations"),
            ThreadPoolExecutor(config.glance.puts, thread_name_prefix="piece"),
        )
        local.sessions.sweep()
        return local
