"""Rows of Glance that exist for a moment: whatever happens, they are deleted again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import requests

from registry_glance.doctor.finding import Trouble

if TYPE_CHECKING:
    from registry_glance.doctor.site import Site

#: So that who finds one, after a power cut, knows what it is.
NAME = "registry-glance doctor"
CREATED, NO_CONTENT, ABSENT = 201, 204, 404


class Probes:
    """Creates rows, and knows which are still there."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._there: list[str] = []

    @property
    def left(self) -> tuple[str, ...]:
        """IDs of the rows that are, or may be, still there."""
        return tuple(self._there)

    @contextmanager
    def row(self, properties: Mapping[str, str] | None = None) -> Iterator[str]:
        """The ID of a new queued row. Raises Trouble if Glance makes none."""
        row_id, answer = self.create(properties or {})
        try:
            if answer.status_code != CREATED:
                raise Trouble(f"Glance answers {answer.status_code} to the creation of an image")
            yield row_id
        finally:
            self.delete(row_id)

    def create(self, properties: Mapping[str, str]) -> tuple[str, requests.Response]:
        """Ask for a row of a chosen ID, such as the registry makes; its ID, and Glance's answer."""
        row_id = str(uuid4())
        # Before it is there: an interruption may come between.
        self._there.append(row_id)
        row = {
            "id": row_id,
            "name": NAME,
            "container_format": "docker",
            "disk_format": "raw",
            "visibility": "private",
            "os_hidden": True,
            **properties,
        }
        return row_id, self._site.glance("POST", "/v2/images", json=row)

    def delete(self, row_id: str) -> None:
        """Delete a row, which stays in `left` if Glance does not."""
        if row_id not in self._there:
            return
        try:
            answer = self._site.glance("DELETE", f"/v2/images/{row_id}")
        except Trouble:
            return
        if answer.status_code in (NO_CONTENT, ABSENT):
            self._there.remove(row_id)

    def delete_all(self) -> None:
        """Delete what an interruption left behind."""
        for row_id in self.left:
            self.delete(row_id)
