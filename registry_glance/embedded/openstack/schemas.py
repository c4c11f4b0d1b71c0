"""The first-time commands of nova-manage and placement-manage in one process.

Importing Nova takes longest. Run as a module; what to do is in the environment variable
REGISTRY_GLANCE_SCHEMAS.
"""

import json
import os
import sys
from collections.abc import Callable

from nova.cmd import manage as nova
from placement.cmd import manage as placement

# Nova fills in what it finds in nova.conf, so that ports and passwords may change.
_SERVER = "{scheme}://{username}:{password}@{hostname}:{port}"
_DATABASE = f"{_SERVER}/{{path}}?{{query}}"
#: What `nova-manage cell_v2 create_cell` exits with when it was run before.
_CELL_EXISTS = 2


def begin(main: Callable[[], int | None], *arguments: str) -> int:
    """Run a command in a fork, as it leaves its traces in a global configuration; the fork's ID."""
    pid = os.fork()
    if pid == 0:
        sys.argv = ["manage", *arguments]
        code = 1
        try:
            code = main() or 0
        except SystemExit as exited:
            code = exited.code if isinstance(exited.code, int) else int(bool(exited.code))
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return pid


def finish(pid: int, *good: int) -> None:
    """Wait for a fork; exits with its exit code unless that is 0 or one of the `good` ones."""
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, *good):
        sys.exit(code)


def map_cells(config: tuple[str, str], cell0: str) -> None:
    """Tell Nova of its two cells: where servers are, and where those are that found no host."""
    connection = f"{_SERVER}/{cell0}?{{query}}"
    map_cell0 = ("cell_v2", "map_cell0", "--database_connection", connection)
    finish(begin(nova.main, *config, *map_cell0))
    create = ("cell_v2", "create_cell", "--name", "cell1", "--database_connection", _DATABASE)
    finish(begin(nova.main, *config, *create, "--transport-url", f"{_SERVER}/"), _CELL_EXISTS)


def main() -> None:
    """Make all schemas, at once, and map the cells."""
    task = json.loads(os.environ["REGISTRY_GLANCE_SCHEMAS"])
    config = ("--config-file", task["nova"])
    in_cell0 = ("--config-file", task["nova_cell0"])
    api = begin(nova.main, *config, "api_db", "sync")
    others = [
        begin(nova.main, *config, "db", "sync", "--local_cell"),
        begin(nova.main, *in_cell0, "db", "sync", "--local_cell"),
        begin(placement.main, "--config-file", task["placement"], "db", "sync"),
    ]
    finish(api)
    map_cells(config, task["cell0_database"])
    for pid in others:
        finish(pid)


if __name__ == "__main__":
    main()
