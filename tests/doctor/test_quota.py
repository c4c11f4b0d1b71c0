"""Unified limits: what the examination says of a project that has, or nearly has, used its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from keystoneauth1.session import Session

from registry_glance.embedded.cloud import Cloud
from registry_glance.glance.cloud import Cloud as CloudSettings
from tests.doctor.conftest import NewUser
from tests.doctor.examined import Clinic
from tests.doctor.variant import variant

#: What a Glance with unified limits asks for; it knows no defaults.
NAMES = ("image_count_total", "image_count_uploading", "image_size_total", "image_stage_total")
GENEROUS = 1_000_000
_CONFIG = """\
use_keystone_limits = true
hashing_algorithm = sha256
[oslo_limit]
auth_url = {admin.auth_url}
auth_type = password
username = {admin.username}
password = {admin.password}
user_domain_name = Default
system_scope = all
endpoint_id = {endpoint}
"""


@pytest.fixture(scope="module")
def admin(cloud: Cloud) -> Session:
    """Who may set limits."""
    auth = {key: text for key, text in cloud.admin.as_auth().items() if "project" not in key}
    return CloudSettings({**auth, "system_scope": "all"}).session(30)


@pytest.fixture(scope="module")
def limited(
    cloud: Cloud, admin: Session, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a Glance with unified limits, generous unless set for a project."""
    services = admin.get(f"{cloud.auth_url}/services?type=image").json()["services"]
    endpoints = admin.get(
        f"{cloud.auth_url}/endpoints?interface=public&service_id={services[0]['id']}"
    ).json()["endpoints"]
    limits = [
        {**place(services[0]["id"], cloud), "resource_name": name, "default_limit": GENEROUS}
        for name in NAMES
    ]
    admin.post(f"{cloud.auth_url}/registered_limits", json={"registered_limits": limits})
    text = _CONFIG.format(admin=cloud.admin, endpoint=endpoints[0]["id"])
    folder = tmp_path_factory.mktemp("limited") / "glance"
    with variant(cloud, folder, {"hashing_algorithm = sha256\n": text}) as url:
        yield url


def place(service: str, cloud: Cloud) -> dict[str, Any]:
    """What a limit is a limit of."""
    return {"service_id": service, "region_id": cloud.registry.region}


@contextmanager
def limit(admin: Session, cloud: Cloud, project: str, name: str, count: int) -> Iterator[None]:
    """A limit of one project."""
    services = admin.get(f"{cloud.auth_url}/services?type=image").json()["services"]
    one = {**place(services[0]["id"], cloud), "project_id": project, "resource_name": name}
    limits = {"limits": [{**one, "resource_limit": count}]}
    made = admin.post(f"{cloud.auth_url}/limits", json=limits).json()["limits"]
    try:
        yield
    finally:
        admin.delete(f"{cloud.auth_url}/limits/{made[0]['id']}")


def test_generous_limits(clinic: Clinic, limited: str) -> None:
    found = clinic.examine(image_endpoint_override=limited)
    assert found.is_sound, found.text
    assert f"of {GENEROUS}" in found.findings["quota"].found
    assert not found.findings["quota"].remedy


@pytest.mark.parametrize(
    ("name", "count", "failed", "warned"),
    [
        ("image_count_total", 0, {"quota", "creation"}, set()),
        ("image_count_uploading", 2, set(), {"quota"}),
    ],
)
def test_a_limit_that_is_too_low(
    clinic: Clinic,
    admin: Session,
    limited: str,
    new_user: NewUser,
    name: str,
    count: int,
    failed: set[str],
    warned: set[str],
) -> None:
    user = new_user("member", "service", "image_registry")
    project = str(CloudSettings(user.as_auth()).session(30).get_project_id())
    with limit(admin, clinic.cloud, project, name, count):
        found = clinic.examine(user=user, image_endpoint_override=limited)
    assert found.failed >= failed, found.text
    assert found.warned == warned
    assert f"--project {project}" in found.remedy("quota")
    assert name in found.remedy("quota")
