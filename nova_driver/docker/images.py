"""Images on this host: pulled by digest as the user who boots them, and then named; and pushed.

The registry is asked at every boot, whatever is here already: only it knows whether this user may
have an image that another one's boot has brought. The Engine by itself would not ask: it pulls
nothing by a digest that it has.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from . import names
from .engine.client import Engine
from .engine.errors import Absent, Conflict, EngineError, Failed, Garbled
from .reference import DIGEST, Reference

#: seconds between two questions to a registry that is not ready with an image
PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Names:
    """Names under which a container of an image can be made, the wanted one first."""

    id: str
    names: tuple[str, ...]


class Images:
    """The images of one Engine. Methods raise an EngineError."""

    def __init__(self, engine: Engine, pull_timeout: float) -> None:
        """`pull_timeout`: seconds without progress, of pushes, too."""
        self._engine = engine
        self._pull_timeout = pull_timeout

    def pull(self, reference: Reference, token: str | None) -> Names:
        """Bring an image, with its user's token if he has one.

        Raises Absent or Denied if the registry does not have it for him.
        """
        image = self.fetch(reference, token)
        self.mark(image)
        # The ID for the case that all its other names are taken meanwhile: the mark keeps it.
        if reference.name is None:
            return Names(image, (reference.immutable, image))
        self.tag(image, reference.local)
        return Names(image, (reference.local, reference.immutable, image))

    def fetch(self, reference: Reference, token: str | None) -> str:
        """The ID of an image that is brought as with `pull`, but not kept in mind."""
        headers = {"X-Registry-Auth": _authentication(token)} if token else {}
        with _unseen(token, f"cannot pull {reference.immutable}"):
            self._engine.get(f"/distribution/{reference.immutable}/json", headers=headers)
            # Of an image that is here the Engine would only ask whether the registry is there, too.
            if not self.has(reference):
                self._engine.follow(
                    "/images/create",
                    timeout=self._pull_timeout,
                    headers=headers,
                    fromImage=reference.source,
                    tag=reference.digest,
                )
        return self._id(reference.immutable)

    def push(self, image: str, repository: str, token: str | None) -> None:
        """Push an image of this host into a repository of the registry."""
        self.tag(image, f"{repository}:{names.LATEST}")
        # The Engine wants the header even from nobody.
        headers = {"X-Registry-Auth": _authentication(token)}
        with _unseen(token, f"cannot push {repository}"):
            self._engine.follow(
                f"/images/{repository}/push",
                timeout=self._pull_timeout,
                headers=headers,
                tag=names.LATEST,
            )

    def digest(self, repository: str, token: str | None) -> str:
        """The digest of the manifest that was pushed into a repository, as the registry says it.

        Not every Engine says it with a push: those with containerd's image store do not.
        """
        with _unseen(token, f"cannot read {repository}"):
            return self._digest(repository, token)

    def examined(self, repository: str, token: str | None) -> str:
        """The same for what was not pushed there: the registry has to look what it is.

        That takes its time with a large image: it is asked again for as long as a pull may stand
        still. Raises Absent or Denied, in the registry's words, for what cannot be pulled.
        """
        deadline = time.monotonic() + self._pull_timeout
        while True:
            try:
                with _unseen(token, "the registry does not give it out"):
                    return self._digest(repository, token)
            except Failed:
                # A registry that says "later" (429), or is starting, which the Engine calls failed.
                if time.monotonic() + PAUSE > deadline:
                    raise
            time.sleep(PAUSE)

    def has(self, reference: Reference) -> bool:
        """Whether the image is here."""
        try:
            self._id(reference.immutable)
        except Absent:
            return False
        return True

    def mark(self, image: str) -> None:
        """Note that an image was pulled by this driver, and is in use just now."""
        moment = time.time_ns()
        self.tag(image, names.mark(image, moment))
        # Marks of others that come at the same time are later than this one, or take it away.
        self.unname(name for name in self.names(image) if (names.marked(name) or moment) < moment)

    def tag(self, image: str, name: str) -> None:
        """Give an image one more name, REPOSITORY:TAG, which another one may have had."""
        repository, _, tag = name.rpartition(":")
        self._engine.post(f"/images/{image}/tag", repo=repository, tag=tag)

    def names(self, image: str) -> list[str]:
        """All names that an image has on this host, by tag and by digest."""
        facts = self._engine.get(f"/images/{image}/json")
        return [*(facts.get("RepoTags") or ()), *(facts.get("RepoDigests") or ())]

    def unname(self, names: Iterable[str]) -> None:
        """Take names away; the Engine removes what has none, unless a container is made of it."""
        for name in names:
            with suppress(Absent, Conflict):
                self._engine.delete(f"/images/{name}")

    def used(self) -> set[str]:
        """The IDs of those that a container is made of."""
        containers = self._engine.get("/containers/json", all=True)
        return {container["ImageID"] for container in containers}

    def _digest(self, repository: str, token: str | None) -> str:
        path = f"/distribution/{repository}:{names.LATEST}/json"
        said = self._engine.get(path, headers={"X-Registry-Auth": _authentication(token)})
        digest = said.get("Descriptor", {}).get("digest")
        if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
            raise Garbled(f"the Engine does not say what is in {repository}")
        return digest

    def _id(self, name: str) -> str:
        return str(self._engine.get(f"/images/{name}/json")["Id"])


@contextmanager
def _unseen(token: str | None, what: str) -> Iterator[None]:
    """Whatever a registry may echo, a token is in no log."""
    try:
        yield
    except EngineError as error:
        words = what if token and token in error.words else f"{what}: {error.words}"
        raise type(error)(words, error.status) from None


def _authentication(token: str | None) -> str:
    """X-Registry-Auth (Engine API, "Authentication"): the Engine sends a token as Bearer."""
    said = {"registrytoken": token} if token else {}
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode()
