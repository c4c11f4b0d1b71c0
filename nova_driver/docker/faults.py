"""What Nova is told when the Engine fails; errors of the Engine go no further than this."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nova import exception

from .engine.errors import Absent, EngineError, Refused, Unavailable

log = logging.getLogger(__name__)


@contextmanager
def faults(instance: Any = None) -> Iterator[None]:
    """Raise InstanceNotFound, HypervisorUnavailable, InvalidInput or InternalError.

    InstanceNotFound only where `instance` is given: Nova swallows it, so the log has it.
    """
    try:
        yield
    except Absent as error:
        if instance is None:
            raise exception.InternalError(str(error)) from error
        log.warning("no container of %s: %s", instance.uuid, error)
        raise exception.InstanceNotFound(instance_id=instance.uuid) from error
    except Unavailable as error:
        log.error("the Docker Engine: %s", error)
        raise exception.HypervisorUnavailable from error
    except Refused as error:
        raise exception.InvalidInput(reason=str(error)) from error
    except EngineError as error:
        raise exception.InternalError(str(error)) from error


@contextmanager
def rolled_back(undo: Callable[[], None]) -> Iterator[None]:
    """Raise InstanceFaultRollback for what fails and could be undone: all is as it was before.

    Where undoing fails, too, Nova is told what failed first; the server is in an error then.
    """
    try:
        with faults():
            yield
    except Exception as error:
        try:
            undo()
        except Exception:
            log.exception("what failed could not be undone")
            raise error from None
        raise exception.InstanceFaultRollback(inner_exception=error) from error
