"""What runs in a state folder, written down for `registry-glance status`."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Service:
    """A running service: its name, its address as a URL ("" if it has none), its process."""

    name: str
    url: str
    pid: int

    @property
    def is_running(self) -> bool:
        """Whether there is a process with its ID."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


def write(path: Path, services: Iterable[Service]) -> None:
    """Write down what runs."""
    path.write_text(json.dumps([asdict(service) for service in services], indent=2))


def read(path: Path) -> list[Service]:
    """Return what was written down last, nothing if there is no such file."""
    if not path.exists():
        return []
    return [Service(**entry) for entry in json.loads(path.read_text())]
