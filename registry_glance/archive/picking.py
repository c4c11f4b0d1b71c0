"""Which of several images a tag means."""

from __future__ import annotations

from collections.abc import Iterator

from registry_glance.archive.contents import Contents, Found
from registry_glance.oci.names import TAG

#: What clients ask for where nobody named a tag.
DEFAULT = "latest"


def pick(contents: Contents, tag: str) -> Found:
    """The first image with a name, a tag or a last component of a repository that is `tag`.

    Any other tag, and `latest`, mean the first image. There must be one.
    """
    if tag == DEFAULT:
        return contents.images[0]
    chosen = (image for image in contents.images if tag in _handles(image))
    return next(chosen, contents.images[0])


def tags(contents: Contents) -> list[str]:
    """`latest`, and all tags by which an image can be picked, in order."""
    handles = {handle for image in contents.images for handle in _handles(image)}
    return sorted({DEFAULT, *filter(TAG.fullmatch, handles)})


def _handles(image: Found) -> Iterator[str]:
    for name in image.names:
        yield name
        last = name.rpartition("/")[2].partition("@")[0]
        repository, _, tag = last.partition(":")
        yield from (repository, tag)
