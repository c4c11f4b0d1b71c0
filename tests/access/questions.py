"""What can be asked of a registry about one image, as data."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.api.client import Answer, Client
from tests.api.content import Pusher, digest

Question = tuple[str, str]

#: All that is read, but for the referrers: who may not see them is told of none.
READS: dict[str, Question] = {
    "see the tag": ("HEAD", "manifests/latest"),
    "pull the tag": ("GET", "manifests/latest"),
    "see the manifest": ("HEAD", "manifests/{manifest}"),
    "pull the manifest": ("GET", "manifests/{manifest}"),
    "see a blob": ("HEAD", "blobs/{layer}"),
    "pull a blob": ("GET", "blobs/{layer}"),
    "list the tags": ("GET", "tags/list"),
}
DELETIONS: dict[str, Question] = {
    "delete the tag": ("DELETE", "manifests/latest"),
    "delete the manifest": ("DELETE", "manifests/{manifest}"),
    "delete a blob": ("DELETE", "blobs/{layer}"),
}
PUSHES: dict[str, Question] = {
    "begin an upload": ("POST", "blobs/uploads/"),
    "mount a blob": ("POST", "blobs/uploads/?mount={layer}&from={repository}"),
}
#: All that is done with an upload that somebody has begun.
UPLOADS: dict[str, Question] = {
    "ask how far": ("GET", "blobs/uploads/{upload}"),
    "add bytes": ("PATCH", "blobs/uploads/{upload}"),
    "end it": ("PUT", "blobs/uploads/{upload}?digest={layer}"),
    "give it up": ("DELETE", "blobs/uploads/{upload}"),
}


@dataclass(frozen=True)
class Image:
    """An image tagged `latest`, by its digests; and its layer's bytes."""

    repository: str
    manifest: str
    layer: str
    data: bytes = field(repr=False)
    upload: str = ""

    def ask(self, client: Client, question: Question) -> Answer:
        """Ask for something of the image."""
        method, path = question
        body = self.data if method in ("PATCH", "PUT") else None
        return client(method, f"/v2/{self.repository}/{path.format(**vars(self))}", body)


def told(answer: Answer) -> str:
    """An answer in short: `404 BLOB_UNKNOWN`, or the status where no body says more."""
    if answer.status == 401:
        assert answer["WWW-Authenticate"].startswith('Bearer realm="http')
    failed = answer.status >= 400 and answer.body
    return f"{answer.status} {answer.code}" if failed else str(answer.status)


def answers(client: Client, image: Image, questions: dict[str, Question]) -> dict[str, str]:
    """What is told to each of the questions."""
    return {name: told(image.ask(client, question)) for name, question in questions.items()}


def pushed(client: Client, repository: str, data: bytes) -> Image:
    """Push an image of one layer, tagged `latest`."""
    manifest = Pusher(client, repository).image("latest", data)
    return Image(repository, manifest, digest(data), data)
