"""The option --piece-size."""

from __future__ import annotations

import argparse

from registry_glance.client.transfer import PIECE_SIZE
from registry_glance.config import SIZE_OF


def add_piece_size(parser: argparse.ArgumentParser) -> None:
    """Add it."""
    parser.add_argument(
        "--piece-size",
        type=_size,
        default=PIECE_SIZE,
        metavar="SIZE",
        help="bytes of one request, such as 128MiB (the default): what is lost with a connection",
    )


def _size(text: str) -> int:
    size: int = SIZE_OF.read(int(text) if text.isdecimal() else text)
    if size < 1:
        raise ValueError
    return size
