"""What import and cp say of images that they have brought to a registry."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from registry_glance.cli.output import bytes_text, tell
from registry_glance.client.reference import Reference
from registry_glance.client.transfer import Sent
from registry_glance.client.tree import Tree


@dataclass(frozen=True)
class Moved:
    """An image that is there now."""

    name: Reference
    tree: Tree
    done: Sent

    def json(self) -> dict[str, Any]:
        """Stable: docs/cli.md."""
        root = self.tree.root
        return {
            "name": str(self.name),
            "digest": str(root.digest),
            "media_type": root.media_type,
            "size": self.tree.size,
            "manifests": len(self.tree.manifests),
            "blobs": {
                "sent": self.done.sent,
                "there": self.done.there,
                "mounted": self.done.mounted,
            },
            "bytes_sent": self.done.bytes,
        }

    def line(self) -> str:
        sent = f"{self.done.sent} blobs sent ({bytes_text(self.done.bytes)})"
        rest = f"{self.done.mounted} mounted, {self.done.there} were there"
        return f"{self.name}\n  {self.tree.root.digest}\n  {sent}, {rest}"


def tell_moved(args: argparse.Namespace, images: Sequence[Moved]) -> None:
    """One image after the other."""

    def lines() -> Iterator[str]:
        for image in images:
            yield image.line()

    tell(args, {"images": [image.json() for image in images]}, lines())
