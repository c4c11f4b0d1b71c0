"""Snapshots of servers, pushed into the images that Nova has made for them in Glance."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from nova import exception
from nova.compute import task_states

from .commits import Commits
from .containers import Container
from .engine.errors import EngineError
from .images import Images
from .reference import snapshot_repository


class Snapshots:
    """The making of snapshots on this host."""

    def __init__(self, commits: Commits, images: Images, registry: str) -> None:
        """`registry`: HOST:PORT."""
        self._commits = commits
        self._images = images
        self._registry = registry

    def take(
        self,
        instance: Any,
        container: Container,
        image: str,
        token: str | None,
        update_task_state: Callable[..., None],
    ) -> None:
        """Fill `image`, queued in Glance, with an instance's file system; nothing stays here.

        Raises InstanceUnacceptable, an EngineError, or what `update_task_state` raises.
        """
        if instance.task_state == task_states.RESIZE_MIGRATING:
            # Nova would remove the server thereafter, and want it back in a revert.
            raise exception.InstanceUnacceptable(
                instance_id=instance.uuid, reason="it cannot go to another cell"
            )
        update_task_state(task_state=task_states.IMAGE_PENDING_UPLOAD)
        try:
            commit = self._commits.make_whole(instance.uuid, container)
            update_task_state(
                task_state=task_states.IMAGE_UPLOADING,
                expected_state=task_states.IMAGE_PENDING_UPLOAD,
            )
            self._images.push(commit.name, f"{self._registry}/{snapshot_repository(image)}", token)
        finally:
            with suppress(EngineError):
                self._commits.sweep(instance.uuid)
