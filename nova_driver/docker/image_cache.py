"""Removal of images that no container needs any more, after Nova's [image_cache] settings."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from . import names
from .engine.client import Engine
from .images import Images

log = logging.getLogger(__name__)


class ImageCache:
    """The images that this driver pulled. Methods raise an EngineError."""

    def __init__(self, engine: Engine, images: Images, registry: str) -> None:
        self._engine = engine
        self._images = images
        self._registry = registry

    def clean(self, unused: timedelta) -> None:
        """Remove the images that no container has had for at least `unused`.

        An image keeps the names that others gave to it, and with them itself.
        """
        used = self._images.used()
        for image in self._engine.get("/images/json", filters={"reference": [names.PULLED]}):
            if image["Id"] in used:
                self._images.mark(image["Id"])
            else:
                self._remove_old(image["Id"], unused)

    def _remove_old(self, image: str, unused: timedelta) -> None:
        """Take the names that it has now; the Engine removes what has none.

        A boot that begins just now makes a new mark, and so keeps it.
        """
        found = self._images.names(image)
        if _is_old(found, unused):
            log.info("removing the unused image %s", image)
            ours = [name for name in found if names.is_of(name, self._registry)]
            # The marks last: what is left half done is found again.
            self._images.unname([*ours, *(name for name in found if names.marked(name))])


def _is_old(found: Sequence[str], unused: timedelta) -> bool:
    moments = [moment for moment in map(names.marked, found) if moment]
    age = timedelta(microseconds=(time.time_ns() - max(moments, default=0)) / 1000)
    return bool(moments) and age >= unused
