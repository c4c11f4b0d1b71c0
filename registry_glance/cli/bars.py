"""Progress bars on standard error, one a blob, where a terminal shows them."""

from __future__ import annotations

import argparse
import sys
import threading
from typing import Any

from tqdm import tqdm

from registry_glance.client.progress import Progress, Silence
from registry_glance.oci.digest import Digest


def watcher(args: argparse.Namespace) -> Progress:
    """Bars for people; nothing with --quiet, or where nobody looks."""
    return Silence() if args.quiet or not sys.stderr.isatty() else Bars()


class Bars:
    """A bar for each blob that is on its way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bars: dict[Digest, Any] = {}

    def begin(self, digest: Digest, size: int) -> None:
        with self._lock:
            self._bars[digest] = tqdm(
                desc=digest.hex[:12],
                total=size,
                unit="B",
                unit_scale=True,
                unit_divisor=1024,
                leave=False,
                file=sys.stderr,
                dynamic_ncols=True,
            )

    def reach(self, digest: Digest, offset: int) -> None:
        with self._lock:
            bar = self._bars[digest]
            bar.update(offset - bar.n)

    def end(self, digest: Digest, outcome: str) -> None:
        with self._lock:
            self._bars.pop(digest).close()
            tqdm.write(f"{digest.hex[:12]} {outcome}", file=sys.stderr)
