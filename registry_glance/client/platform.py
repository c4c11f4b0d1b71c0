"""Platforms as users write them: `os/arch[/variant]` (OCI Image 1.1, image-index.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from registry_glance.archive import rootfs
from registry_glance.client.errors import Usage

TEXT = re.compile(r"([a-z0-9._-]{1,40})/([a-z0-9._-]{1,40})(?:/([a-z0-9._-]{1,40}))?")


@dataclass(frozen=True, slots=True)
class Platform:
    """What an image runs on; `variant` is "" if there is none, or if any will do."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Raise Usage unless `text` is os/arch or os/arch/variant."""
        match = TEXT.fullmatch(text)
        if match is None:
            raise Usage(f"{text[:80]!r} is no platform: os/arch or os/arch/variant")
        return cls(match[1], match[2], match[3] or "")

    @classmethod
    def here(cls) -> Platform:
        """Containers are Linux, whatever runs them."""
        return cls("linux", rootfs.here())

    @classmethod
    def of(cls, value: object) -> Platform | None:
        """What an index or a configuration says, if it says it."""
        said = value if isinstance(value, Mapping) else {}
        texts = [str(said.get(key) or "") for key in ("os", "architecture", "variant")]
        match = TEXT.fullmatch("/".join(filter(None, texts)))
        return cls(*texts) if match and texts[0] and texts[1] else None

    def fits(self, wanted: Platform) -> bool:
        """Whether this is what was asked for."""
        same = (self.os, self.architecture) == (wanted.os, wanted.architecture)
        return same and wanted.variant in ("", self.variant)

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))
