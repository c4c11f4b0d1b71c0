"""Files of an archive, by the names that its documents have for them."""

from __future__ import annotations

import json
import posixpath
from typing import Any, NoReturn

from registry_glance.archive.contents import Part
from registry_glance.archive.members import DOCUMENT_LIMIT, Member
from registry_glance.archive.survey import Survey
from registry_glance.archive.tarball import inside, shown
from registry_glance.errors import ArchiveInvalid

#: Images of one archive. Nobody saves as many.
IMAGES_LIMIT = 1000
#: Links from one to the next. Docker and podman write one.
HOPS = 8


def file(survey: Survey, name: str) -> tuple[str, Member]:
    """The file of that name, by links or not, and its own name. Raises ArchiveInvalid."""
    place = inside(name)
    for _ in range(HOPS):
        link = survey.links.get(place)
        if link is None:
            break
        folder = "" if link.is_hard else posixpath.dirname(place)
        place = inside(posixpath.normpath(posixpath.join(folder, link.target)))
    member = survey.members.get(place)
    if member is None:
        raise ArchiveInvalid(f"the archive has no file {shown(name)}")
    if member.is_sparse:
        raise ArchiveInvalid(f"{shown(name)} is a sparse file: its bytes are not in the archive")
    return place, member


def part(member: Member) -> Part:
    """The file as a blob."""
    return Part(member.digest, member.size, member.start)


def document(survey: Survey, name: str) -> tuple[Member, bytes]:
    """A small JSON file, and its bytes. Raises ArchiveInvalid."""
    place, member = file(survey, name)
    if place not in survey.documents:
        limit = f"at most {DOCUMENT_LIMIT >> 20} MiB"
        raise ArchiveInvalid(f"{shown(name)} is no JSON document of {limit} at its usual place")
    return member, survey.documents[place]


def parsed(body: bytes, name: str) -> Any:
    """The JSON of a document, without NaN and Infinity. Raises ArchiveInvalid."""
    try:
        return json.loads(body.decode(), parse_constant=_not_a_number)
    except (ValueError, RecursionError) as error:
        raise ArchiveInvalid(f"{shown(name)} is not JSON") from error


def _not_a_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")
