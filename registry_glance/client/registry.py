"""A registry's verbs (OCI Distribution 1.1), one method each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urljoin

import requests

from registry_glance.client.connection import Connection, finish
from registry_glance.client.errors import Absent, Unreachable, Untrue
from registry_glance.errors import DigestInvalid, ManifestInvalid
from registry_glance.oci import media_types
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest
from registry_glance.oci.names import Repository, Tag

ACCEPT = ", ".join(sorted(media_types.MANIFESTS))
#: Entries of one page, and pages of one list.
PAGE, PAGES = 1000, 10_000
NEXT = re.compile(r'<([^<>]*)>\s*;\s*rel="?next"?', re.IGNORECASE)
READ_SIZE = 1 << 18


class Registry:
    """Every method raises Refusal and its kinds, and Unreachable. Safe for many threads."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @property
    def name(self) -> str:
        """HOST:PORT."""
        return self.connection.trust.registry

    # Manifests

    def manifest(self, repository: Repository, target: Tag | Digest) -> Manifest:
        """A manifest, checked against the digest that was asked for, or that is said with it.

        Raises Absent, Untrue; Unreachable for what is no manifest.
        """
        path = f"/v2/{repository}/manifests/{target}"
        headers = {"Accept": ACCEPT}
        answer = self.connection.document("GET", path, scope=pulling(repository), headers=headers)
        said = target if isinstance(target, Digest) else _digest(answer.headers)
        algorithm = said.algorithm if said else "sha256"
        try:
            found = Manifest.parse(answer.body, answer.headers.get("Content-Type"), algorithm)
        except ManifestInvalid as error:
            raise Unreachable(f"{repository}: {error.message}") from None
        if said is not None and said != found.digest:
            raise Untrue(f"the manifest {target} of {repository} does not have its digest")
        return found

    def has_manifest(self, repository: Repository, digest: Digest) -> bool:
        """Whether it is there already."""
        path = f"/v2/{repository}/manifests/{digest}"
        return self._is_there(path, pushing(repository), {"Accept": ACCEPT})

    def put_manifest(
        self, repository: Repository, manifest: Manifest, target: Tag | Digest
    ) -> None:
        """Keep a manifest under a tag, or its digest alone."""
        path = f"/v2/{repository}/manifests/{target}"
        headers = {"Content-Type": manifest.media_type}
        scope = pushing(repository)
        finish(self.connection.ask("PUT", path, scope=scope, headers=headers, data=manifest.body))

    def delete(self, repository: Repository, target: Tag | Digest) -> None:
        """Remove a tag alone, or a manifest with all its tags. Raises Absent."""
        path = f"/v2/{repository}/manifests/{target}"
        scope = f"repository:{repository}:pull,delete"
        finish(self.connection.ask("DELETE", path, scope=scope))

    def referrers(self, repository: Repository, digest: Digest) -> Iterator[Descriptor]:
        """What refers to a manifest; nothing, where the registry does not know the question."""
        path = f"/v2/{repository}/referrers/{digest}"
        try:
            for page in self._pages(path, pulling(repository)):
                for entry in _list(page, "manifests"):
                    yield Descriptor.parse(entry)
        except Absent:
            return
        except ManifestInvalid as error:
            raise Unreachable(f"referrers of {repository}: {error.message}") from None

    # Lists

    def repositories(self) -> Iterator[str]:
        """All that the caller may see, page by page."""
        for page in self._pages(f"/v2/_catalog?n={PAGE}", "registry:catalog:*"):
            yield from map(_text, _list(page, "repositories"))

    def tags(self, repository: Repository) -> Iterator[Tag]:
        """A repository's tags, page by page. Raises Absent."""
        for page in self._pages(f"/v2/{repository}/tags/list?n={PAGE}", pulling(repository)):
            yield from (Tag.parse(_text(name)) for name in _list(page, "tags"))

    # Blobs

    def has_blob(self, repository: Repository, digest: Digest) -> bool:
        """Whether it need not be sent."""
        return self._is_there(f"/v2/{repository}/blobs/{digest}", pushing(repository), {})

    def blob(self, repository: Repository, digest: Digest, start: int = 0) -> requests.Response:
        """The answer with a blob's bytes from `start`: 206, or 200 with all of them."""
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        path = f"/v2/{repository}/blobs/{digest}"
        return self.connection.ask("GET", path, scope=pulling(repository), headers=headers)

    def mount(self, repository: Repository, digest: Digest, source: Repository) -> str | None:
        """Take a blob from another repository: None if that is done, else where to send it."""
        query = f"mount={quote(str(digest))}&from={quote(source.name, safe='')}"
        return self._begin(repository, query, f"{pushing(repository)} {pulling(source)}")

    def begin_upload(self, repository: Repository, digest: Digest) -> str:
        """Where to send a blob's bytes."""
        query = "" if digest.algorithm == "sha256" else f"digest-algorithm={digest.algorithm}"
        location = self._begin(repository, query, pushing(repository))
        if location is None:
            raise Unreachable(f"{self.name} has ended an upload that it should begin")
        return location

    def _begin(self, repository: Repository, query: str, scope: str) -> str | None:
        path = f"/v2/{repository}/blobs/uploads/"
        asked = f"{path}?{query}" if query else path
        answer = self.connection.ask("POST", asked, scope=scope, data=b"")
        finish(answer)
        return None if answer.status_code == 201 else self.location(answer, asked)

    def location(self, answer: requests.Response, path: str) -> str:
        """Where an answer says that an upload goes on. Raises Unreachable."""
        location = answer.headers.get("Location")
        if not location:
            raise Unreachable(f"{self.name} does not say where an upload goes on")
        return urljoin(urljoin(self.connection.trust.url, path), location)

    def _is_there(self, path: str, scope: str, headers: dict[str, str]) -> bool:
        try:
            finish(self.connection.ask("HEAD", path, scope=scope, headers=headers))
        except Absent:
            return False
        return True

    def _pages(self, path: str, scope: str) -> Iterator[dict[str, Any]]:
        """The pages of a list, by `Link` (OCI Distribution 1.1, "Listing Tags")."""
        seen: set[str] = set()
        while path not in seen and len(seen) < PAGES:
            seen.add(path)
            answer = self.connection.document("GET", path, scope=scope)
            yield answer.json()
            onward = NEXT.search(answer.headers.get("Link") or "")
            if onward is None:
                return
            path = urljoin(urljoin(self.connection.trust.url, path), onward[1])
        raise Unreachable(f"{self.name} has a list without end")


def pulling(repository: Repository) -> str:
    """The scope of who reads ("Token Scope Documentation")."""
    return f"repository:{repository}:pull"


def pushing(repository: Repository) -> str:
    """The scope of who writes."""
    return f"repository:{repository}:pull,push"


def _digest(headers: Any) -> Digest | None:
    try:
        return Digest.parse(headers.get("Docker-Content-Digest") or "")
    except DigestInvalid:
        return None


def _list(page: dict[str, Any], key: str) -> list[Any]:
    """The list under `key`; `null` is what Go writes for an empty one."""
    found = page.get(key)
    if found is not None and not isinstance(found, list):
        raise Unreachable(f"the registry's list has no {key}")
    return found or []


def _text(value: object) -> str:
    """A name as the registry has it, if it is one that can be shown."""
    text = value if isinstance(value, str) else json.dumps(value)
    if not text.isprintable():
        raise Unreachable("the registry lists names that cannot be shown")
    return text
