"""Referrers: for each subject a list that only grows, one row an entry, at computed IDs.

Creating the row at the first free place is what appends to the list, so any number of pushes at
once lose nothing. An entry whose manifest has been deleted means nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from registry_glance.cache.answers import Answers
from registry_glance.errors import ManifestUnknown
from registry_glance.glance.client import Conflict, Row
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest
from registry_glance.oci.names import Repository
from registry_glance.store.glance import rows
from registry_glance.store.glance.manifests import Manifests
from registry_glance.store.glance.project import Project

#: Places asked for at once; the list ends where so many in a row are empty.
WINDOW = 16


class Referrers:
    """The referrers of one project's manifests."""

    def __init__(self, project: Project, answers: Answers, manifests: Manifests) -> None:
        self._project = project
        self._ids = project.ids
        self._answers = answers
        self._manifests = manifests

    def add(self, repository: Repository, subject: Digest, digest: Digest) -> None:
        """List the manifest `digest` as a referrer of `subject`, once."""
        if digest not in self._listed(repository, subject):
            for place in self._free(repository, subject):
                try:
                    self._project.create(rows.new_referrer(place, repository.name, subject, digest))
                    break
                except Conflict:
                    continue
        self.forget(repository, subject)

    def forget(self, repository: Repository, subject: Digest) -> None:
        """Tell that the list, or a manifest in it, has changed."""
        self._answers.forget(_name(repository, subject))

    def of(self, repository: Repository, subject: Digest) -> list[Descriptor]:
        """Descriptors of the manifests that refer to `subject`, by digest."""
        return self._answers.get(
            _name(repository, subject), lambda: self._look_up(repository, subject)
        )

    def _look_up(self, repository: Repository, subject: Digest) -> list[Descriptor]:
        listed = sorted(self._listed(repository, subject), key=str)
        gone = set(self._manifests.absent(repository, listed))
        descriptors = (
            self._descriptor(repository, subject, digest) for digest in listed if digest not in gone
        )
        return [descriptor for descriptor in descriptors if descriptor]

    def _descriptor(
        self, repository: Repository, subject: Digest, digest: Digest
    ) -> Descriptor | None:
        """What the manifest itself says: a row could claim anything."""
        try:
            stored = self._manifests.get(repository, digest)
        except ManifestUnknown:
            return None
        manifest = Manifest.parse(stored.body, stored.media_type, digest.algorithm)
        if manifest.subject is None or manifest.subject.digest != subject:
            return None
        return manifest.descriptor()

    def _listed(self, repository: Repository, subject: Digest) -> set[Digest]:
        digests = (rows.read_digest(row) for row in self._entries(repository, subject))
        return {digest for digest in digests if digest}

    def _entries(self, repository: Repository, subject: Digest) -> Iterator[Row]:
        for window in count():
            found = self._project.find(self._places(repository, subject, window))
            if not found:
                return
            yield from found

    def _free(self, repository: Repository, subject: Digest) -> Iterator[str]:
        """Places from the last window on that has entries; taken and burnt ones come, too."""
        window = 0
        while self._project.find(self._places(repository, subject, window + 1)):
            window += 1
        for further in count(window):
            yield from self._places(repository, subject, further)

    def _places(self, repository: Repository, subject: Digest, window: int) -> list[str]:
        return [
            self._ids.row("referrer", repository.name, str(subject), str(place))
            for place in range(window * WINDOW, (window + 1) * WINDOW)
        ]


def _name(repository: Repository, subject: Digest) -> str:
    return f"referrers {repository}@{subject}"
