"""Images on this host: pulled by digest as the user who boots them, and then named.

The registry is asked at every boot, whatever is here already: only it knows whether this user may
have an image that another one's boot has brought. The Engine by itself would not ask: it pulls
nothing by a digest that it has.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

from .engine.client import Engine
from .engine.errors import Absent, EngineError, Failed
from .reference import Reference

#: The repository of the names that mark what this driver pulled, and may remove.
MARK = "nova-pulled"


@dataclass(frozen=True, slots=True)
class Names:
    """Names under which a container of an image can be made, the wanted one first."""

    id: str
    names: tuple[str, ...]


class Images:
    """The images of one Engine. Methods raise an EngineError."""

    def __init__(self, engine: Engine, pull_timeout: float) -> None:
        """`pull_timeout`: seconds without progress."""
        self._engine = engine
        self._pull_timeout = pull_timeout

    def pull(self, reference: Reference, token: str | None) -> Names:
        """Bring an image, with its user's token if he has one.

        Raises Absent or Denied if the registry does not have it for him.
        """
        headers = {"X-Registry-Auth": _authentication(token)} if token else {}
        try:
            self._engine.get(f"/distribution/{reference.immutable}/json", headers=headers)
            self._progress(reference, headers)
        except EngineError as error:
            if token and token in str(error):
                # Whatever a registry may echo, a token is in no log.
                raise type(error)(f"cannot pull {reference.immutable}") from None
            raise
        image = self._id(reference.immutable)
        self.mark(image)
        if reference.name is None:
            return Names(image, (reference.immutable,))
        repository, _, tag = reference.local.rpartition(":")
        self._engine.post(f"/images/{image}/tag", repo=repository, tag=tag)
        return Names(image, (reference.local, reference.immutable))

    def has(self, reference: Reference) -> bool:
        """Whether the image is here."""
        try:
            self._id(reference.immutable)
        except Absent:
            return False
        return True

    def mark(self, image: str) -> None:
        """Note that an image was pulled by this driver, and is in use just now."""
        self._engine.post(f"/images/{image}/tag", repo=MARK, tag=image.rpartition(":")[2])

    def _id(self, name: str) -> str:
        return str(self._engine.get(f"/images/{name}/json")["Id"])

    def _progress(self, reference: Reference, headers: dict[str, str]) -> None:
        """Follow a pull to its end: what fails after its 200 is said in the stream."""
        with self._engine.stream(
            "POST",
            "/images/create",
            timeout=self._pull_timeout,
            headers=headers,
            fromImage=reference.source,
            tag=reference.digest,
        ) as progress:
            for step in progress.objects():
                if "errorDetail" in step or "error" in step:
                    raise Failed(f"cannot pull {reference.immutable}: {step.get('error')}")


def _authentication(token: str) -> str:
    """X-Registry-Auth (Engine API, "Authentication"): the Engine sends it as Bearer."""
    return base64.urlsafe_b64encode(json.dumps({"registrytoken": token}).encode()).decode()
