"""The option that up, down and status have in common."""

import argparse
from pathlib import Path


def add_state(parser: argparse.ArgumentParser) -> None:
    """Add --state."""
    parser.add_argument(
        "--state",
        type=Path,
        default=Path("var"),
        metavar="DIR",
        help="the folder that keeps everything (default: %(default)s)",
    )
