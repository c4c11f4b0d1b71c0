"""How nova-compute comes to its driver, in an interpreter that knows nothing of the tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

#: What nova.cmd.compute does, in its order.
LOADING = """
import os_vif
from nova import config
from nova.virt import driver
config.parse_args(["nova-compute"], default_config_files=[], configure_db=False)
os_vif.initialize()
loaded = driver.load_compute_driver(None, "docker.DockerDriver")
from nova_driver.docker.driver import DockerDriver
assert type(loaded) is DockerDriver
import nova.virt.fake
"""


def python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `code` where the sources are not."""
    return subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=folder, capture_output=True, text=True, timeout=120
    )


def test_a_stock_nova_compute_finds_it(tmp_path: Path) -> None:
    done = python(LOADING, tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_options_are_known_to_the_generator(tmp_path: Path) -> None:
    code = 'from oslo_config.generator import main; main(["--namespace", "nova.docker"])'
    shown = python(code, tmp_path).stdout
    assert "[docker]" in shown
    for option in ("host_url", "registry_host", "registry_port", "registry_insecure"):
        assert f"#{option} =" in shown
