"""What the examination says of a real Keystone and a real Glance, good and bad."""

from __future__ import annotations

import os
import secrets
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from registry_glance.config import load
from registry_glance.doctor.examination import CHECKS
from registry_glance.doctor.finding import Level
from registry_glance.embedded.cloud import CLOUD_NAME, Cloud
from registry_glance.embedded.credentials import Credentials
from registry_glance.embedded.ports import pick_free
from registry_glance.glance.cloud import Cloud as CloudSettings
from tests.doctor.conftest import NewUser
from tests.doctor.examined import Clinic, Examined
from tests.doctor.skewed import Skewed
from tests.doctor.variant import variant
from tests.faults.fault import ROW, Fault, Kind, answers
from tests.faults.proxy import Proxy

BEHIND_KEYSTONE = {"credentials", "roles", "token checks", "catalog"}
OF_IMAGES = {"creation", "data", "all projects", "threads"}
BEHIND_GLANCE = {"clocks", "token", "formats", "quota", "image names", *OF_IMAGES}


@contextmanager
def proxied(upstream: str) -> Iterator[Proxy]:
    """A proxy before a service."""
    proxy = Proxy(upstream)
    try:
        yield proxy
    finally:
        proxy.close()


@pytest.mark.parametrize("auth", ["none", "keystone"])
def test_a_good_cloud_is_good(clinic: Clinic, auth: str) -> None:
    found = clinic.examine({"auth": auth})
    assert found.is_sound
    assert found.of(Level.OK) == {check.name for check in CHECKS}, found.text
    assert not any(finding.remedy for finding in found.findings.values())


# Keystone


def test_a_wrong_password(clinic: Clinic, cloud: Cloud) -> None:
    found = clinic.examine(user=replace(cloud.registry, password="open-sesame-4711"))
    assert not found.is_sound
    assert found.failed == {"credentials"}
    assert "refuses" in found.findings["credentials"].found
    assert found.skipped == {*BEHIND_KEYSTONE, "glance", *BEHIND_GLANCE} - {"credentials"}


def test_a_wrong_region_is_told_with_the_right_one(clinic: Clinic) -> None:
    found = clinic.examine(region_name="Atlantis")
    assert found.failed == {"catalog"}
    assert "region Atlantis" in found.findings["catalog"].found
    assert found.remedy("catalog").splitlines() == [
        f"cloud: {{region: RegionOne, interface: {kind}}}"
        for kind in ("admin", "internal", "public")
    ]
    assert found.skipped == {"glance", *BEHIND_GLANCE}


def test_keystone_is_away(clinic: Clinic) -> None:
    away = f"http://127.0.0.1:{pick_free()}/v3"
    found = clinic.examine(auth={"auth_url": away})
    assert found.failed == {"keystone"}
    assert found.findings["keystone"].found == f"{away}: cannot be reached"
    assert found.skipped == {*BEHIND_KEYSTONE, "glance", *BEHIND_GLANCE}


def test_keystone_is_silent(clinic: Clinic, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry_glance.doctor.site.TIMEOUT", 0.5)
    with proxied(cloud.auth_url) as keystone:
        keystone.fail(Fault("", "", Kind.HANG))
        found = clinic.examine(auth={"auth_url": f"{keystone.url}/v3"})
    assert found.failed == {"keystone"}
    assert found.findings["keystone"].found == f"{keystone.url}/v3: no answer within 0.5 s"


def test_something_else_answers_in_keystones_place(clinic: Clinic, cloud: Cloud) -> None:
    found = clinic.examine(auth={"auth_url": f"{cloud.glance_url}/healthcheck"})
    assert found.failed == {"keystone"}
    assert "not Keystone that answers there" in found.findings["keystone"].found


def test_a_password_in_an_address_is_not_told(clinic: Clinic, cloud: Cloud) -> None:
    place = urlsplit(cloud.auth_url)
    found = clinic.examine(auth={"auth_url": f"http://me:hush-4711@127.0.0.1:{place.port}/v2"})
    assert found.failed == {"keystone"}
    assert f"http://127.0.0.1:{place.port}/v2" in found.text
    assert "hush-4711" not in found.text


# Roles


@pytest.mark.parametrize(
    ("has", "lacks"),
    [
        (["member", "image_registry"], "service"),
        (["member", "service"], "image_registry"),
    ],
)
def test_a_missing_role(clinic: Clinic, new_user: NewUser, has: list[str], lacks: str) -> None:
    found = clinic.examine(user=new_user(*has))
    proof = {"service": "token checks", "image_registry": "all projects"}[lacks]
    assert found.failed == {"roles", proof}, found.text
    assert found.findings["roles"].found.startswith(f"lacking with auth: keystone: {lacks} (")
    commands = found.remedy("roles").splitlines()
    assert commands[-1].startswith("openstack role add --user ")
    assert commands[-1].endswith(f" {lacks}")


def test_the_commands_mend_it(clinic: Clinic, new_user: NewUser, cloud: Cloud) -> None:
    user = new_user("member")
    for command in clinic.examine(user=user).findings["roles"].remedy:
        run(cloud, command)
    # A question may go unanswered while much else runs beside the test.
    found = next((one for _ in range(3) if (one := clinic.examine(user=user)).is_sound), None)
    assert found, clinic.examine(user=user).text


def run(cloud: Cloud, command: str) -> None:
    """Run one of openstack's commands as the cloud's admin."""
    program, *arguments = shlex.split(command)
    environment = {"OS_CLIENT_CONFIG_FILE": str(cloud.clouds_yaml), "PATH": os.defpath}
    path = Path(sys.executable).with_name(program)
    argv = [str(path), "--os-cloud", f"{CLOUD_NAME}-admin", *arguments]
    subprocess.run(argv, env=environment, check=True, capture_output=True)


def test_an_application_credential_is_to_be_made_anew(
    clinic: Clinic, cloud: Cloud, new_user: NewUser
) -> None:
    user = new_user("member")
    secret = secrets.token_urlsafe(24)
    auth = application_credential(user, secret)
    cloud_settings = {"name": None, "config_file": None, "auth": auth}
    cloud_settings |= {"auth_type": "v3applicationcredential"}
    config = load(clinic.configured({"cloud": cloud_settings}), {})
    found = clinic.examined(config, secret)
    assert "roles" in found.failed
    assert "a new application credential" in found.findings["roles"].remedy[-1]


def application_credential(user: Credentials, secret: str) -> dict[str, str]:
    """One of the user's own."""
    session = CloudSettings(user.as_auth()).session(30)
    url = f"{user.auth_url}/users/{session.get_user_id()}/application_credentials"
    body = {"application_credential": {"name": "doctor", "secret": secret}}
    made = session.post(url, json=body).json()["application_credential"]
    return {
        "auth_url": user.auth_url,
        "application_credential_id": made["id"],
        "application_credential_secret": secret,
    }


def test_admin_is_told_how_to_be_less(clinic: Clinic, cloud: Cloud) -> None:
    found = clinic.examine(user=cloud.admin)
    assert found.is_sound
    assert found.warned == {"roles"}, found.text
    commands = found.remedy("roles")
    assert "openstack role create --or-show image_registry" in commands
    for role in ("member", "service", "image_registry"):
        assert f"openstack role add --user registry --project registry {role}" in commands


def test_credentials_for_no_project(clinic: Clinic, cloud: Cloud) -> None:
    auth = {key: text for key, text in cloud.admin.as_auth().items() if "project" not in key}
    changes = {
        "cloud": {"name": None, "config_file": None, "auth": {**auth, "system_scope": "all"}}
    }
    found = clinic.examined(load(clinic.configured(changes), {}), cloud.admin.password)
    assert found.failed == {"credentials"}
    assert "project_name: registry" in found.remedy("credentials")


# Glance


def test_a_stock_glance(clinic: Clinic, stock: str) -> None:
    changes = {"glance": {"puts": 1, "gets": 1}}
    found = clinic.examine(changes, image_endpoint_override=stock)
    assert found.failed == {"all projects"}, found.text
    assert found.warned == {"image names", "data"}
    assert 'context_is_admin: "role:admin or role:image_registry"' in found.remedy("all projects")
    assert "registry_glance.glance.name_filter:filter_factory" in found.remedy("image names")
    assert found.findings["data"].found == "hashed with sha512"
    assert "hashing_algorithm = sha256" in found.remedy("data")


def test_a_glance_with_too_few_threads(clinic: Clinic, stock: str) -> None:
    found = clinic.examine({"auth": "none", "glance": {"puts": 4}}, image_endpoint_override=stock)
    assert found.failed == {"threads"}, found.text
    assert "beside 4 uploads, 4 of 4 questions got no answer in 3 s" in found.text
    assert "glance: {puts: 2}" in found.remedy("threads")


def test_no_more_is_asked_of_glance_than_the_registry_would(clinic: Clinic, cloud: Cloud) -> None:
    with proxied(cloud.glance_url) as glance:
        found = clinic.examine(
            {"glance": {"puts": 3, "gets": 2}}, image_endpoint_override=glance.url
        )
        assert found.is_sound
        assert glance.at_once("PUT", "") == 3
        assert glance.at_once("GET", "") <= 2


@pytest.mark.parametrize(
    ("setting", "failed", "remedy"),
    [
        ("image_property_quota = 5", "creation", "image_property_quota = 128"),
        (
            "[image_format]\ncontainer_formats = bare,ovf",
            "formats",
            "container_formats = bare,ovf,docker",
        ),
    ],
    ids=["properties", "formats"],
)
def test_a_glance_that_takes_less(
    clinic: Clinic, cloud: Cloud, tmp_path: Path, setting: str, failed: str, remedy: str
) -> None:
    changes = {"hashing_algorithm = sha256": f"hashing_algorithm = sha256\n{setting}"}
    with variant(cloud, tmp_path / "glance", changes) as url:
        found = clinic.examine(image_endpoint_override=url)
    assert found.failed == {failed}, found.text
    assert remedy in found.remedy(failed).splitlines()
    assert found.skipped == OF_IMAGES - {failed}


def test_glance_is_away(clinic: Clinic) -> None:
    away = f"http://127.0.0.1:{pick_free()}"
    found = clinic.examine(image_endpoint_override=away)
    assert found.failed == {"glance"}
    assert found.findings["glance"].found == f"{away}/: cannot be reached"
    assert found.skipped == BEHIND_GLANCE


def test_an_address_with_a_version(clinic: Clinic, cloud: Cloud) -> None:
    found = clinic.examine(image_endpoint_override=f"{cloud.glance_url}/v2/")
    assert found.failed == {"glance"}
    assert f"--url {cloud.glance_url} " in found.remedy("glance")


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_glance_takes_no_tokens(clinic: Clinic, cloud: Cloud, status: int) -> None:
    with proxied(cloud.glance_url) as glance:
        glance.fail(answers(status, "", "/v2/"))
        found = clinic.examine(image_endpoint_override=glance.url)
    assert found.failed == {"token"}
    assert f"answers {status}" in found.findings["token"].found


def test_a_glance_that_answers_nonsense(clinic: Clinic, cloud: Cloud) -> None:
    with proxied(cloud.glance_url) as glance:
        glance.fail(answers(200, "GET", "/v2/schemas|/v2/info"))
        found = clinic.examine(image_endpoint_override=glance.url)
    assert found.failed == {"formats", "quota"}
    assert ": not Glance that answers there (200)" in found.text


def test_bytes_that_come_back_changed(clinic: Clinic, cloud: Cloud) -> None:
    with proxied(cloud.glance_url) as glance:
        glance.fail(Fault("GET", "/file$", flip=3))
        found = clinic.examine(image_endpoint_override=glance.url)
    assert found.failed == {"data"}
    assert "other bytes" in found.findings["data"].found


def test_a_row_whose_answer_was_lost_is_deleted(clinic: Clinic, cloud: Cloud) -> None:
    with proxied(cloud.glance_url) as glance:
        glance.fail(Fault("POST", "", Kind.LOSE))
        found = clinic.examine(image_endpoint_override=glance.url)
    assert found.failed == {"creation"}


def test_a_row_that_cannot_be_deleted_is_deleted_at_the_end(clinic: Clinic, cloud: Cloud) -> None:
    with proxied(cloud.glance_url) as glance:
        glance.fail(Fault("DELETE", ROW, Kind.ANSWER, status=500, times=3))
        found = clinic.examine(image_endpoint_override=glance.url)
    assert found.is_sound, found.text


# Clocks


@pytest.mark.parametrize(
    ("skew", "level"), [(2, Level.OK), (-20, Level.WARN), (300, Level.FAIL), (-300, Level.FAIL)]
)
@pytest.mark.parametrize("service", ["keystone", "glance"])
def test_a_skewed_clock(
    clinic: Clinic, cloud: Cloud, service: str, skew: float, level: Level
) -> None:
    found = skewed(clinic, cloud, service, skew)
    assert found.findings["clocks"].level is level, found.text
    assert service.title() in found.findings["clocks"].found
    assert ("chronyc" in found.remedy("clocks")) == (level is not Level.OK)


def test_a_server_without_a_clock(clinic: Clinic, cloud: Cloud) -> None:
    found = skewed(clinic, cloud, "glance", None)
    assert "no Date header" in found.findings["clocks"].found


def skewed(clinic: Clinic, cloud: Cloud, service: str, skew: float | None) -> Examined:
    """What is found when one of the services has a wrong clock."""
    upstream = {"keystone": cloud.auth_url.removesuffix("/v3"), "glance": cloud.glance_url}
    proxy = Skewed(upstream[service], skew)
    try:
        if service == "keystone":
            return clinic.examine(auth={"auth_url": f"{proxy.url}/v3"})
        return clinic.examine(image_endpoint_override=proxy.url)
    finally:
        proxy.close()
