"""Who may do what: every role, every way in which an image of alpha's is offered, every request.

caller         | is
---------------|----------------------------------------------------
alice          | member of alpha, to which the images belong
rita           | reader of alpha
adam           | admin, of alpha
bob            | member of beta, with which some are shared
carol_in_beta  | reader of beta
carol          | member of gamma, with which nothing is shared
anonymous      | nobody, where that is allowed
stranger       | nobody, where one has to log in
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from uuid import uuid4

import pytest

from registry_glance.embedded.cloud import Cloud
from registry_glance.oci.media_types import OCI_MANIFEST
from tests.access.conftest import Callers, eventually
from tests.access.questions import DELETIONS, PUSHES, READS, UPLOADS, Image, answers, pushed, told
from tests.api.client import Answer, Body, Client
from tests.api.content import Pusher, digest, image
from tests.conftest import registries
from tests.registry import RegistryProcess
from tests.tenants import Tenants

OFFERS = ("private", "pending", "shared", "public", "community")

#: What of these images a caller is shown; `unlisted`: by its name, but in no list.
SHOWN = """
                private   pending   shared    public    community
alice           yes       yes       yes       yes       yes
rita            yes       yes       yes       yes       yes
adam            yes       yes       yes       yes       yes
bob             no        no        yes       yes       unlisted
carol_in_beta   no        no        yes       yes       unlisted
carol           no        no        no        yes       unlisted
anonymous       no        no        no        yes       no
stranger        login     login     login     login     login
"""

#: What a caller is told who wants to delete one, if it is not his to delete.
DELETED = """
                private   pending   shared    public    community
rita            denied    denied    denied    denied    denied
bob             no        no        denied    denied    denied
carol_in_beta   denied    denied    denied    denied    denied
carol           no        no        no        denied    denied
anonymous       login     login     login     login     login
stranger        login     login     login     login     login
"""

#: What a caller may do with his own project's repositories.
ROLES = """
                push      delete    list
alice           yes       yes       yes
adam            yes       yes       yes
rita            denied    denied    yes
carol_in_beta   denied    denied    yes
anonymous       login     login     login
stranger        login     login     login
"""

LOGIN, DENIED = "401 UNAUTHORIZED", "403 DENIED"
UNKNOWN_MANIFEST, UNKNOWN_BLOB = "404 MANIFEST_UNKNOWN", "404 BLOB_UNKNOWN"
UNKNOWN_UPLOAD = "404 BLOB_UPLOAD_UNKNOWN"

SEEN = dict.fromkeys(READS, "200")
READ = {
    "yes": SEEN,
    "unlisted": SEEN | {"list the tags": "404 NAME_UNKNOWN"},
    "no": {
        "see the tag": "404",
        "pull the tag": UNKNOWN_MANIFEST,
        "see the manifest": "404",
        "pull the manifest": UNKNOWN_MANIFEST,
        "see a blob": "404",
        "pull a blob": UNKNOWN_BLOB,
        "list the tags": "404 NAME_UNKNOWN",
    },
    "login": {name: "401" if name.startswith("see") else LOGIN for name in READS},
}
DELETION = {
    "denied": dict.fromkeys(DELETIONS, DENIED),
    "login": dict.fromkeys(DELETIONS, LOGIN),
    "no": {
        "delete the tag": UNKNOWN_MANIFEST,
        "delete the manifest": UNKNOWN_MANIFEST,
        "delete a blob": UNKNOWN_BLOB,
    },
}
PUSH = {
    "yes": {"begin an upload": "202", "mount a blob": "202"},
    "denied": dict.fromkeys(PUSHES, DENIED),
    "login": dict.fromkeys(PUSHES, LOGIN),
}
LIST = {"yes": "200", "login": LOGIN}
UPLOAD = {
    "bob": dict.fromkeys(UPLOADS, UNKNOWN_UPLOAD),
    "carol": dict.fromkeys(UPLOADS, UNKNOWN_UPLOAD),
    "rita": dict.fromkeys(UPLOADS, DENIED),
    "carol_in_beta": dict.fromkeys(UPLOADS, DENIED),
    "anonymous": dict.fromkeys(UPLOADS, LOGIN),
    "stranger": dict.fromkeys(UPLOADS, LOGIN),
}


def cells(table: str) -> list[tuple[str, str, str]]:
    """(caller, column, cell) of a table."""
    head, *lines = table.strip().splitlines()
    return [
        (caller, column, cell)
        for caller, *found in map(str.split, lines)
        for column, cell in zip(head.split(), found, strict=True)
    ]


@pytest.fixture(scope="module")
def everybody(
    callers: Callers, cloud: Cloud, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Client]]:
    """The callers by name; nobody asks a registry that lets nobody in, and one that does."""
    with registries(cloud, tmp_path_factory) as start:
        access = {"anonymous": True, "cache_time": 1}
        public = start(auth="keystone", access=access, cache={"staleness": 1})
        anonymous = Bearer(
            public.address, Client(public.address)("GET", "/auth/token").json["token"]
        )
        yield vars(callers) | {"anonymous": anonymous, "stranger": Client(callers.alice.address)}


@pytest.fixture(scope="module")
def offers(callers: Callers) -> dict[str, Image]:
    """Images of alpha, by how they are offered; each is signed, and the signature offered, too."""
    return {offer: offered(callers, offer) for offer in OFFERS}


class Bearer(Client):
    """A client with a token that it was given."""

    def __init__(self, address: str, token: str) -> None:
        super().__init__(address)
        self.headers = {"Authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, body: Body = None, **headers: str) -> Answer:
        """Send, with the token."""
        return super().__call__(method, path, body, **self.headers, **headers)


def offered(callers: Callers, offer: str) -> Image:
    found = pushed(callers.alice, f"{offer}-{uuid4().hex[:8]}", secrets.token_bytes(1000))
    Pusher(callers.alice, found.repository).manifest(signature(found), "signature")
    alice, bob = callers.alice.tenant, callers.bob.tenant
    for tag in ("latest", "signature"):
        row = alice.image(f"{found.repository}:{tag}")
        if offer in ("private", "public", "community"):
            callers.adam.tenant.set_visibility(row, offer)
        else:
            alice.share(row, bob)
        if offer == "shared":
            bob.accept(row)
    return found


def signature(signed: Image) -> bytes:
    subject = {"mediaType": OCI_MANIFEST, "digest": signed.manifest, "size": 1}
    return image(artifactType="application/vnd.example.signature", subject=subject)


@pytest.mark.parametrize(("name", "offer", "shown"), cells(SHOWN))
def test_who_may_pull(
    everybody: dict[str, Client], offers: dict[str, Image], name: str, offer: str, shown: str
) -> None:
    caller, found = everybody[name], offers[offer]
    eventually(lambda: answers(caller, found, READS), READ[shown])
    blob = found.ask(caller, READS["pull a blob"]).body
    assert (blob == found.data) is (shown in ("yes", "unlisted"))


@pytest.mark.parametrize(("name", "offer", "shown"), cells(SHOWN))
def test_who_sees_what_refers_to_an_image(
    everybody: dict[str, Client], offers: dict[str, Image], name: str, offer: str, shown: str
) -> None:
    found = offers[offer]
    signed = digest(signature(found))
    listed = {"yes": [signed], "unlisted": [signed], "no": [], "login": "401 UNAUTHORIZED"}

    def referrers() -> object:
        answer = found.ask(everybody[name], ("GET", "referrers/{manifest}"))
        if answer.status != 200:
            return told(answer)
        return [one["digest"] for one in answer.json["manifests"]]

    eventually(referrers, listed[shown])


@pytest.mark.parametrize("name", ["alice", "rita", "adam", "bob", "carol_in_beta", "carol"])
def test_what_a_catalog_lists(
    everybody: dict[str, Client], offers: dict[str, Image], name: str
) -> None:
    wanted = {offer for caller, offer, shown in cells(SHOWN) if (caller, shown) == (name, "yes")}

    def listed() -> object:
        repositories = everybody[name]("GET", "/v2/_catalog?n=10000").json["repositories"]
        return {offer for offer in OFFERS if offers[offer].repository in repositories}

    eventually(listed, wanted)


@pytest.mark.parametrize(("name", "offer", "wanted"), cells(DELETED))
def test_who_may_not_delete(
    everybody: dict[str, Client], offers: dict[str, Image], name: str, offer: str, wanted: str
) -> None:
    found = offers[offer]
    eventually(lambda: answers(everybody[name], found, DELETIONS), DELETION[wanted])
    assert answers(everybody["alice"], found, READS) == SEEN


@pytest.mark.parametrize("name", ["alice", "adam"])
def test_who_may_delete(
    everybody: dict[str, Client], callers: Callers, repository: str, name: str
) -> None:
    """A blob goes after the manifest that refers to it."""
    found = pushed(callers.alice, repository, secrets.token_bytes(1000))
    assert told(found.ask(everybody[name], DELETIONS["delete a blob"])) == "405 DENIED"
    assert answers(everybody[name], found, DELETIONS) == dict.fromkeys(DELETIONS, "202")
    assert answers(callers.alice, found, READS) == READ["no"]


@pytest.mark.parametrize("name", ["alice", "adam"])
def test_who_may_push(everybody: dict[str, Client], repository: str, name: str) -> None:
    found = pushed(everybody[name], repository, secrets.token_bytes(1000))
    assert answers(everybody["rita"], found, READS) == SEEN
    assert told(found.ask(everybody[name], PUSHES["mount a blob"])) == "201"


@pytest.mark.parametrize(("name", "verb", "may"), cells(ROLES))
def test_what_a_role_allows(
    everybody: dict[str, Client], repository: str, name: str, verb: str, may: str
) -> None:
    caller = everybody[name]
    absent = Image(repository, digest(b"absent"), digest(b"absent"), b"absent")
    if verb == "push":
        assert answers(caller, absent, PUSHES) == PUSH[may]
        manifest = Pusher(caller, repository).put("latest", image(absent.data))
        wanted = {"yes": "404 MANIFEST_BLOB_UNKNOWN", "denied": DENIED, "login": LOGIN}
        assert told(manifest) == wanted[may]
    elif verb == "delete":
        # Whoever may delete is told that there is nothing.
        assert answers(caller, absent, DELETIONS) == (DELETION | {"yes": DELETION["no"]})[may]
    else:
        assert told(caller("GET", "/v2/_catalog")) == LIST[may]


@pytest.mark.parametrize("name", UPLOAD)
def test_an_upload_is_its_projects(
    everybody: dict[str, Client], callers: Callers, repository: str, name: str
) -> None:
    data = secrets.token_bytes(1000)
    location = Pusher(callers.alice, repository).upload()
    upload = Image(repository, "", digest(data), data, upload=location.rpartition("/")[2])
    assert answers(everybody[name], upload, UPLOADS) == UPLOAD[name]
    # Nothing has come to it, and it goes on, for others of the project, too.
    assert callers.adam("GET", location)["Range"] == "0-0"
    assert told(upload.ask(callers.adam, UPLOADS["end it"])) == "201"


def test_a_member_gives_up_an_upload_of_his_project(callers: Callers, repository: str) -> None:
    location = Pusher(callers.alice, repository).upload()
    assert told(callers.adam("DELETE", location)) == "204"
    assert told(callers.alice("GET", location)) == UNKNOWN_UPLOAD


@pytest.mark.parametrize("name", ["alice", "rita", "adam", "bob", "carol_in_beta", "carol"])
def test_who_is_known(everybody: dict[str, Client], name: str) -> None:
    assert told(everybody[name]("GET", "/v2/")) == "200"


def test_who_is_not_known(everybody: dict[str, Client]) -> None:
    assert told(everybody["stranger"]("GET", "/v2/")) == LOGIN
    assert told(everybody["anonymous"]("GET", "/v2/")) == "200"
    assert told(Bearer(everybody["alice"].address, "anonymous")("GET", "/v2/")) == LOGIN


def test_who_has_no_role_is_nobody(tenant_registry: RegistryProcess, tenants: Tenants) -> None:
    nobody = tenants.nobody
    secret = base64.b64encode(f"{nobody.login}:{nobody.password}".encode()).decode()
    client = Client(tenant_registry.address)
    for path in ("/v2/", "/v2/_catalog"):
        assert told(client("GET", path, Authorization=f"Basic {secret}")) == LOGIN
    assert nobody.password not in tenant_registry.log
