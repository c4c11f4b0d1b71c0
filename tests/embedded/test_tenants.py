"""The users whom the tests of access rely on are what these take them for."""

from __future__ import annotations

from uuid import uuid4

import pytest
import requests
from keystoneauth1.exceptions import Unauthorized
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from registry_glance.errors import Denied
from registry_glance.glance.client import Absent
from tests.registry import RegistryProcess
from tests.tenants import Tenant, Tenants


def create(tenant: Tenant, **properties: object) -> str:
    """A row of the tenant's project; its ID."""
    row = {"id": str(uuid4()), "name": f"{uuid4().hex[:8]}:latest", "visibility": "private"}
    return str(tenant.glance().create({**row, **properties})["id"])


def sees(tenant: Tenant, image: str) -> bool:
    """Whether Glance shows him the row."""
    try:
        tenant.glance().get(image)
    except Absent:
        return False
    return True


@pytest.mark.parametrize(
    ("name", "project"),
    [("alice", "alpha"), ("rita", "alpha"), ("adam", "alpha"), ("bob", "beta"), ("carol", "gamma")],
)
def test_each_is_on_a_project_by_default(tenants: Tenants, name: str, project: str) -> None:
    tenant: Tenant = getattr(tenants, name)
    assert tenant.project.startswith(f"{project}-")
    auth = tenant.credentials.as_auth()
    unnamed = {key: value for key, value in auth.items() if not key.startswith("project")}
    session = Session(auth=v3.Password(**unnamed))
    assert session.get_project_id() == tenant.project_id == tenant.glance().project()


def test_who_has_no_role_gets_no_token(tenants: Tenants) -> None:
    with pytest.raises(Unauthorized):
        tenants.nobody.token()


def test_a_private_image_is_its_projects(tenants: Tenants) -> None:
    image = create(tenants.alice)
    assert sees(tenants.rita, image)
    assert not sees(tenants.bob, image)
    assert not sees(tenants.carol, image)
    with pytest.raises(Denied):
        tenants.rita.protect(image)


def test_one_user_is_two_tenants_on_two_projects(tenants: Tenants) -> None:
    assert tenants.carol.user == tenants.carol_in_beta.user
    image = create(tenants.bob)
    assert sees(tenants.carol_in_beta, image)
    assert not sees(tenants.carol, image)


def test_an_image_is_shared_with_one_project(tenants: Tenants) -> None:
    image = create(tenants.alice, container_format="docker", visibility="shared")
    name = tenants.alice.glance().get(image)["name"]
    tenants.alice.share(image, tenants.bob)
    assert sees(tenants.bob, image)
    assert not sees(tenants.carol, image)
    assert image not in [row["id"] for row in tenants.bob.glance().named(name)]
    tenants.bob.accept(image)
    assert image in [row["id"] for row in tenants.bob.glance().named(name)]
    assert tenants.alice.image(name) == image


def test_an_image_is_published(tenants: Tenants) -> None:
    image = create(tenants.alice)
    with pytest.raises(Denied):
        tenants.alice.set_visibility(image, "public")
    tenants.alice.set_visibility(image, "community")
    assert sees(tenants.bob, image)
    tenants.alice.set_visibility(image, "private")
    assert not sees(tenants.bob, image)
    assert tenants.adam.set_visibility(image, "public")["visibility"] == "public"
    assert sees(tenants.bob, image)


def test_an_image_is_protected(tenants: Tenants) -> None:
    image = create(tenants.alice)
    assert tenants.alice.protect(image)["protected"] is True
    with pytest.raises(Denied):
        tenants.alice.glance().delete(image)
    tenants.alice.protect(image, protected=False)
    tenants.alice.glance().delete(image)
    assert not sees(tenants.alice, image)


def test_an_application_credential_logs_in(tenants: Tenants) -> None:
    made = tenants.alice.application_credential(roles=["reader"])
    auth = v3.ApplicationCredential(
        tenants.alice.credentials.auth_url,
        application_credential_id=made.id,
        application_credential_secret=made.secret,
    )
    session = Session(auth=auth)
    assert session.get_project_id() == tenants.alice.project_id
    roles = auth.get_access(session).role_names
    assert roles == ["reader"]


def test_nothing_shows_a_secret(tenants: Tenants) -> None:
    made = tenants.alice.application_credential()
    shown = repr(tenants) + repr(made)
    assert tenants.alice.password not in shown
    assert made.secret not in shown


def test_a_registry_knows_them(tenant_registry: RegistryProcess, tenants: Tenants) -> None:
    def status(token: str | None = None, login: tuple[str, str] | None = None) -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{tenant_registry.url}/v2/"
        return requests.get(url, headers=headers, auth=login, timeout=30).status_code

    assert status() == 401
    assert status("none") == 401
    for tenant in (tenants.alice, tenants.rita, tenants.adam, tenants.bob, tenants.carol_in_beta):
        assert status(tenant.token()) == 200
        assert status(login=(tenant.login, tenant.password)) == 200
    assert status(login=(tenants.nobody.login, tenants.nobody.password)) == 401
    assert tenants.alice.password not in tenant_registry.log
