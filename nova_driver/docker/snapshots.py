"""Snapshots of servers, pushed into the images that Nova has made for them in Glance."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from nova import exception
from nova.compute import task_states
from nova.compute import utils as compute_utils
from nova.image import glance
from oslo_utils import strutils

from .commits import Commits
from .containers import Container
from .engine.errors import EngineError
from .images import Images
from .origin import KEPT
from .reference import repository_of

#: The image property that says whether a server stands still while its snapshot is taken.
PAUSE = "docker_snapshot_pause"


class Snapshots:
    """The making of snapshots on this host."""

    def __init__(self, commits: Commits, images: Images, registry: str, *, pause: bool) -> None:
        """`registry`: HOST:PORT; `pause`: whether servers stand still whose image does not say."""
        self._commits = commits
        self._images = images
        self._registry = registry
        self._pause = pause
        #: The instances of which something may be left: the Engine was away when it was to go.
        self._left: set[str] = set()

    def take(
        self,
        context: Any,
        instance: Any,
        container: Container,
        image: str,
        update_task_state: Callable[..., None],
    ) -> None:
        """Fill `image`, queued in Glance, with an instance's file system; nothing stays here.

        If that fails, the image is deleted. Raises InstanceUnacceptable, an EngineError, or what
        `update_task_state` raises.
        """
        _check(instance)
        self._left.discard(instance.uuid)
        try:
            update_task_state(task_state=task_states.IMAGE_PENDING_UPLOAD)
            self._fill(instance, container, image, context.auth_token, update_task_state)
        except Exception:
            # So does Nova, but not when it shelves a server.
            compute_utils.delete_image(context, instance, glance.API(), image)
            raise

    def _fill(
        self,
        instance: Any,
        container: Container,
        image: str,
        token: str | None,
        update_task_state: Callable[..., None],
    ) -> None:
        try:
            pause = self._stands_still(instance)
            commit = self._commits.make_whole(instance.uuid, container, pause=pause)
            update_task_state(
                task_state=task_states.IMAGE_UPLOADING,
                expected_state=task_states.IMAGE_PENDING_UPLOAD,
            )
            self._images.push(commit.name, f"{self._registry}/{repository_of(image)}", token)
        finally:
            with suppress(EngineError):
                self._sweep(instance.uuid)

    def tidy(self) -> None:
        """Remove what snapshots have left here that failed without an Engine.

        Raises an EngineError.
        """
        for instance in tuple(self._left):
            self._sweep(instance)

    def _sweep(self, instance: str) -> None:
        self._left.add(instance)
        self._commits.sweep(instance)
        self._left.discard(instance)

    def _stands_still(self, instance: Any) -> bool:
        """The image's word, if it makes sense, or else the operator's."""
        said = instance.system_metadata.get(f"{KEPT}{PAUSE}")
        return strutils.bool_from_string(said, default=self._pause)


def _check(instance: Any) -> None:
    if instance.task_state == task_states.RESIZE_MIGRATING:
        # Nova would remove the server thereafter, and want it back in a revert.
        raise exception.InstanceUnacceptable(
            instance_id=instance.uuid, reason="it cannot go to another cell"
        )
