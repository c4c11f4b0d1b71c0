"""How much may be found in one archive: what is found is kept, and read for each answer."""

from __future__ import annotations

from registry_glance.errors import ArchiveInvalid

#: Bytes of all manifests and configurations: a hundred images have less than one MiB.
DOCUMENTS_LIMIT = 8 << 20
#: What all manifests refer to: eighty images of docker's 127 layers.
REFERENCES_LIMIT = 10_000


class Room:
    """What is left for the images of one archive."""

    def __init__(self) -> None:
        self._documents = self._references = 0

    def take_document(self, size: int) -> None:
        """Raise ArchiveInvalid if a document of `size` bytes more is too much."""
        self._documents += size
        if self._documents > DOCUMENTS_LIMIT:
            limit = f"{DOCUMENTS_LIMIT >> 20} MiB"
            raise ArchiveInvalid(f"the archive's images have more than {limit} of documents")

    def take_references(self, count: int) -> None:
        """Raise ArchiveInvalid if `count` references to layers and the like are too many."""
        self._references += count
        if self._references > REFERENCES_LIMIT:
            raise ArchiveInvalid(f"the archive's images have more than {REFERENCES_LIMIT} layers")
