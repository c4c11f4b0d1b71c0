"""Real clients that log in at Keystone, in every way there is, and what each may then do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from registry_glance.embedded.cloud import Cloud
from tests.access.conftest import eventually
from tests.clients.engine import Engine
from tests.clients.guests import COMMANDS, NAMES, Guest, Hotel, Login, refused
from tests.clients.images import Image, greeting
from tests.clients.program import ProgramFailed
from tests.conftest import registries
from tests.registry import RegistryProcess
from tests.tenants import Tenant, Tenants


def by_password(tenant: Tenant) -> Login:
    return Login(tenant.login, tenant.password)


def by_application_credential(tenant: Tenant) -> Login:
    made = tenant.application_credential()
    return Login(f"applicationcredential-{made.id}", made.secret)


def by_token(tenant: Tenant) -> Login:
    return Login("token", tenant.token())


WAYS: dict[str, Callable[[Tenant], Login]] = {
    "password": by_password,
    "application credential": by_application_credential,
    "token": by_token,
}

#: What clients make of 401.
UNAUTHORIZED = ("unauthorized", "authentication required", "invalid username/password")

Pushed = Callable[[str], tuple[Image, str]]


@pytest.fixture(scope="module")
def hotel(
    tenant_registry: RegistryProcess,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Hotel:
    """Where clients come from."""

    def engine() -> Engine:
        found: Engine = request.getfixturevalue("engine")
        return found

    return Hotel(tenant_registry, tmp_path_factory, engine)


@pytest.fixture(scope="module")
def strict_hotel(
    cloud: Cloud, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Hotel]:
    """One whose registry nobody else needs: wrong passwords make all from one address wait."""
    with registries(cloud, tmp_path_factory) as start:
        registry = start(auth="keystone")
        yield Hotel(registry, tmp_path_factory, lambda: request.getfixturevalue("engine"))


@pytest.fixture(scope="module")
def alices(hotel: Hotel, tenants: Tenants) -> Pushed:
    """An image that alice pushes with a client, the first time it is asked for; and its name."""
    shelf: dict[str, tuple[Image, str]] = {}

    def pushed(client: str) -> tuple[Image, str]:
        if client not in shelf:
            image, name = greeting(f"alice by {client}"), f"{fresh()}:1"
            hotel.guest(client, by_password(tenants.alice)).push(image, name)
            shelf[client] = image, name
        return shelf[client]

    return pushed


def fresh() -> str:
    """A repository that no other test uses."""
    return f"logins/{uuid4().hex[:12]}"


def pulled(guest: Guest, name: str) -> bool:
    """Whether somebody may pull."""
    try:
        guest.pull(name)
    except ProgramFailed:
        return False
    return True


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("client", NAMES)
def test_who_logs_in_pushes_and_pulls(
    hotel: Hotel, tenants: Tenants, client: str, way: str
) -> None:
    image, name = greeting(f"{client} {way}"), f"{fresh()}:1"
    guest = hotel.guest(client, WAYS[way](tenants.alice))
    guest.push(image, name)
    assert guest.pull(name).holds(image)


@pytest.mark.parametrize("client", NAMES)
def test_a_reader_pulls_and_does_not_push(
    hotel: Hotel, tenants: Tenants, alices: Pushed, client: str
) -> None:
    image, name = alices(client)
    rita = hotel.guest(client, by_password(tenants.rita))
    assert rita.pull(name).holds(image)
    said = refused(lambda: rita.push(greeting(f"rita by {client}"), f"{fresh()}:1")).lower()
    assert ("403 forbidden" if client == "containerd" else "denied") in said


@pytest.mark.root
def test_an_engine_that_may_not_push_gives_up_at_once(
    hotel: Hotel, tenants: Tenants, tenant_registry: RegistryProcess
) -> None:
    """Or its user would have to wait for a minute, until it has tried five times."""
    repository = fresh()
    rita = hotel.guest("docker", by_password(tenants.rita))
    said = refused(lambda: rita.push(greeting("rita again"), f"{repository}:1"))
    assert "denied: your roles" in said
    assert tenant_registry.log.count(f"POST /v2/{repository}/blobs/uploads/ 403") <= 5


@pytest.mark.parametrize("client", NAMES)
def test_another_project_pulls_what_it_was_offered_and_accepted(
    hotel: Hotel, tenants: Tenants, alices: Pushed, client: str
) -> None:
    image, name = alices(client)
    bob = hotel.guest(client, by_password(tenants.bob))
    said = refused(lambda: bob.pull(name)).lower()
    assert "not found" in said or "unknown" in said
    row = tenants.alice.image(name)
    tenants.alice.share(row, tenants.bob)
    tenants.bob.accept(row)
    eventually(lambda: pulled(bob, name), True)
    assert bob.pull(name).holds(image)


@pytest.mark.parametrize("client", ["docker", "podman", "skopeo", "oras", "regctl"])
def test_a_wrong_password_is_refused(strict_hotel: Hotel, tenants: Tenants, client: str) -> None:
    wrong = Login(tenants.alice.login, f"wrong-{uuid4().hex}")
    guest = strict_hotel.stranger(client, wrong)
    said = refused(lambda: guest.log_in(wrong)).lower()
    assert any(words in said for words in UNAUTHORIZED)
    # regctl remembers first, and tries then.
    assert guest.remembers(wrong) == (client == "regctl")


@pytest.mark.parametrize("client", ["crane", "containerd"])
def test_a_wrong_password_is_refused_when_it_is_used(
    strict_hotel: Hotel, tenants: Tenants, client: str
) -> None:
    guest = strict_hotel.guest(client, Login(tenants.alice.login, "wrong"))
    said = refused(lambda: guest.pull(f"{fresh()}:1")).lower()
    assert any(words in said for words in UNAUTHORIZED)


@pytest.mark.parametrize("client", COMMANDS)
def test_a_right_password_is_kept(hotel: Hotel, tenants: Tenants, client: str) -> None:
    login = by_password(tenants.alice)
    assert hotel.guest(client, login).remembers(login)


@pytest.mark.parametrize("way", WAYS)
def test_skopeo_is_told_with_each_command_who_asks(
    hotel: Hotel, tenants: Tenants, tenant_registry: RegistryProcess, way: str
) -> None:
    login = WAYS[way](tenants.alice)
    skopeo = hotel.skopeo()
    pair = f"{login.username}:{login.password}"
    image, reference = greeting(f"creds {way}"), tenant_registry.reference(f"{fresh()}:1")
    source = f"oci:{skopeo.layout(image)}"
    skopeo.run("copy", f"--dest-creds={pair}", source, f"docker://{reference}")
    seen = skopeo.run.output("inspect", "--raw", f"--creds={pair}", f"docker://{reference}")
    assert seen == image.manifest
    assert "unauthorized" in skopeo.run.refusal("inspect", f"docker://{reference}")


@pytest.mark.root
def test_two_projects_push_one_name_at_once(hotel: Hotel, tenants: Tenants) -> None:
    """The engine is the same, and only the logins differ.

    No layer is in both: an engine that pushes one to one name twice at once sends it only once.
    """
    repository = fresh()
    people = {"alice": tenants.alice, "bob": tenants.bob}
    guests = {name: hotel.guest("docker", by_password(one)) for name, one in people.items()}
    images = {name: Image(greeting(f"{name} of both", layers=6).layers[1:]) for name in people}
    with ThreadPoolExecutor(2) as threads:
        pushes = [
            threads.submit(guests[name].push, images[name], f"{repository}:{name}")
            for name in people
        ]
        for push in pushes:
            push.result()
    for own, other in (("alice", "bob"), ("bob", "alice")):
        assert guests[own].pull(f"{repository}:{own}").holds(images[own])
        assert not pulled(guests[own], f"{repository}:{other}")


@pytest.mark.root
def test_two_projects_push_the_same_layers_one_after_the_other(
    hotel: Hotel, tenants: Tenants
) -> None:
    """What an engine knows of the one's push, it does not believe for the other's."""
    image, name = greeting("one after the other"), f"{fresh()}:1"
    for tenant in (tenants.alice, tenants.bob):
        guest = hotel.guest("docker", by_password(tenant))
        guest.push(image, name)
        assert guest.pull(name).holds(image)
