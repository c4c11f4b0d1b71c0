"""No room on the local disk, told as such."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from registry_glance.errors import StorageFull

FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def room() -> Iterator[None]:
    """Turn "no space left on device" into StorageFull."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise StorageFull("the registry's local disk is full") from error
        raise
