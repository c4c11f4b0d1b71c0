"""Where something was found last, for all workers: only ever a hint where to look first."""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path

#: Hints kept of one name, the latest first.
MOST = 16
#: Seconds after which the hints of a name are removed when a process starts.
LIFETIME = 24 * 3600


class Hints:
    """A folder with one small file a name. Losing it, or a race for it, costs a longer search."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which is made if it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        oldest = time.time() - LIFETIME
        for path in folder.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def of(self, name: str) -> list[str]:
        """What was found of a name, the latest first."""
        try:
            found = json.loads(self._path(name).read_bytes())
        except (OSError, ValueError):
            return []
        return [str(one) for one in found] if isinstance(found, list) else []

    def add(self, name: str, found: str) -> None:
        """Look there first from now on. Raises nothing."""
        known = self.of(name)
        if known[:1] == [found]:
            return
        path = self._path(name)
        new = path.with_name(f"{path.name}.{os.getpid()}")
        with suppress(OSError):
            new.write_text(json.dumps([found, *(one for one in known if one != found)][:MOST]))
            new.replace(path)

    def _path(self, name: str) -> Path:
        return self._folder / hashlib.sha256(name.encode()).hexdigest()
