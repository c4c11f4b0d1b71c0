"""Random passwords, made once and kept in one private file."""

import json
import secrets
from pathlib import Path

from .private_file import write_private


class Passwords:
    """Passwords by user name in a JSON file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, user: str) -> str:
        """Return the user's password; it is made up when asked for the first time."""
        known = self._read()
        if user not in known:
            known[user] = secrets.token_urlsafe(24)
            write_private(self._path, json.dumps(known))
        return known[user]

    def _read(self) -> dict[str, str]:
        if not self._path.exists():
            return {}
        passwords: dict[str, str] = json.loads(self._path.read_text())
        return passwords
