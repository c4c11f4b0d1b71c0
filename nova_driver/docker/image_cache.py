"""Removal of images that no container needs any more, after Nova's [image_cache] settings."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from .engine.client import Engine
from .images import MARK, Images

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
        for image in self._engine.get("/images/json", filters={"reference": [MARK]}):
            if image["Id"] in used:
                self._images.mark(image["Id"])
            elif self._is_old(image["Id"], unused):
                self._remove(image["Id"])

    def _is_old(self, image: str, unused: timedelta) -> bool:
        facts = self._engine.get(f"/images/{image}/json")
        tagged = _time(facts.get("Metadata", {}).get("LastTagTime"))
        return tagged is not None and datetime.now(UTC) - tagged >= unused

    def _remove(self, image: str) -> None:
        """Take its names; the Engine removes what has none. A container made just now keeps it."""
        log.info("removing the unused image %s", image)
        # The mark last: what is left half done is found again.
        self._images.unname(sorted(filter(self._is_ours, self._images.names(image)), key=_is_mark))

    def _is_ours(self, name: str) -> bool:
        return name.startswith(f"{self._registry}/") or _is_mark(name)


def _is_mark(name: str) -> bool:
    return name.startswith(f"{MARK}:")


def _time(text: object) -> datetime | None:
    """RFC 3339 with nanoseconds; None for none, which Go writes as the year 1."""
    if not isinstance(text, str):
        return None
    with suppress(ValueError):
        # Nine digits of a second are three more than Python reads.
        moment = datetime.fromisoformat(text)
        return moment if moment.year > 1 else None
    return None
