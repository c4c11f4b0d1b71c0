"""Waiting until Neutron has wired what was plugged."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from nova import exception

log = logging.getLogger(__name__)

PLUGGED = "network-vif-plugged"


class Wiring:
    """Neutron's word, through Nova, that a port works."""

    def __init__(self, virtapi: Any, timeout: int, *, is_fatal: bool) -> None:
        """`timeout`: seconds, 0 to wait for nothing; `is_fatal`: whether a server needs it."""
        self._virtapi = virtapi
        self._timeout = timeout
        self._is_fatal = is_fatal

    @contextmanager
    def awaited(self, instance: Any, network_info: Iterable[Any]) -> Iterator[None]:
        """Plug in here; on leaving, wait for those ports that were not active before.

        Raises VirtualInterfaceCreateException when they do not become so, if that is fatal.
        """
        idle = [(PLUGGED, vif["id"]) for vif in network_info if vif.get("active", True) is False]
        if not idle or not self._timeout:
            yield
            return
        try:
            with self._virtapi.wait_for_instance_event(
                instance, idle, timeout=self._timeout, error_callback=self._failed
            ):
                yield
        except exception.InstanceEventTimeout:
            log.warning("Neutron has not wired all ports of %s in time", instance.uuid)
            self._fail()

    def _failed(self, event: str, instance: Any) -> bool:
        """Neutron says so itself; the others are waited for."""
        log.error("Neutron reports %s of %s as failed", event, instance.uuid)
        self._fail()
        return True

    def _fail(self) -> None:
        if self._is_fatal:
            raise exception.VirtualInterfaceCreateException
