"""`registry-glance doctor` as a process: exit codes, interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from registry_glance.config import Config
from registry_glance.doctor.examination import CHECKS
from registry_glance.embedded.cloud import Cloud
from tests.doctor.examined import Clinic, left_behind
from tests.faults.fault import DATA, Fault, Kind
from tests.faults.proxy import Proxy

PATIENCE = 60  # seconds
PUTS = Config().glance.puts


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    """The command, in an environment that tells it nothing."""
    argv = [sys.executable, "-m", "registry_glance", "doctor", *map(str, arguments)]
    environment = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("OS_", "REGISTRY_GLANCE_"))
    }
    return subprocess.Popen(
        argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_good_cloud(clinic: Clinic, cloud: Cloud) -> None:
    process = start("-c", clinic.configured())
    said, complaints = process.communicate(timeout=PATIENCE)
    assert (process.returncode, complaints) == (0, "")
    assert [line[:4].rstrip() for line in said.splitlines()] == ["ok"] * (len(CHECKS) + 1)
    assert cloud.registry.password not in said


def test_a_bad_cloud(clinic: Clinic) -> None:
    process = start("-c", clinic.configured(region_name="Atlantis"))
    said, complaints = process.communicate(timeout=PATIENCE)
    assert (process.returncode, complaints) == (1, "")
    assert "\nFAIL  catalog " in said


def test_settings_that_cannot_be_read(tmp_path: Path) -> None:
    config = tmp_path / "config.yml"
    config.write_text("threds: 4\n")
    process = start("-c", config)
    said, complaints = process.communicate(timeout=PATIENCE)
    assert (process.returncode, complaints) == (1, "")
    assert said == f"FAIL  settings      {config}:1: unknown setting 'threds'\n"


def test_settings_that_are_no_yaml_are_not_quoted(tmp_path: Path) -> None:
    config = tmp_path / "config.yml"
    config.write_text("cloud:\n  auth: {password: *hush-4711 }\n")
    process = start("-c", config)
    said, complaints = process.communicate(timeout=PATIENCE)
    assert (process.returncode, complaints) == (1, "")
    assert said == f"FAIL  settings      {config}:2: not YAML\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/v2/images", Kind.DELAY),
        ("PUT", DATA, Kind.HOLD),
        ("DELETE", "", Kind.DELAY),
    ],
    ids=["creation", "upload", "deletion"],
)
def test_an_interruption_leaves_nothing_behind(
    clinic: Clinic, cloud: Cloud, method: str, path: str, kind: Kind, number: signal.Signals
) -> None:
    glance = Proxy(cloud.glance_url)
    try:
        fault = glance.fail(Fault(method, path, kind, times=1))
        process = start("-c", clinic.configured(image_endpoint_override=glance.url))
        assert fault.reached.wait(PATIENCE)
        process.send_signal(number)
        _, complaints = process.communicate(timeout=PATIENCE)
    finally:
        glance.close()
    assert process.returncode == 130
    assert "Traceback" not in complaints
    assert left_behind(cloud) == []


def test_an_interruption_amid_the_uploads_leaves_nothing_behind(
    clinic: Clinic, cloud: Cloud
) -> None:
    glance = Proxy(cloud.glance_url)
    try:
        # The first upload is of the check before.
        fault = glance.fail(Fault("PUT", DATA, Kind.HOLD, skip=PUTS))
        process = start("-c", clinic.configured(image_endpoint_override=glance.url))
        assert fault.reached.wait(PATIENCE)
        assert len(left_behind(cloud)) == PUTS
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=PATIENCE)
    finally:
        glance.close()
    assert process.returncode == 130
    assert "Traceback" not in complaints
    assert left_behind(cloud) == []
