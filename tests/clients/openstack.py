"""openstack: what the people who run the cloud see of the images."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from registry_glance.embedded.cloud import CLOUD_NAME, Cloud
from tests.clients.program import Program


class OpenStack:
    """python-openstackclient as the registry's own user."""

    def __init__(self, cloud: Cloud) -> None:
        self.run = Program(
            Path(sys.executable).parent / "openstack",
            f"--os-cloud={CLOUD_NAME}",
            env={"OS_CLIENT_CONFIG_FILE": str(cloud.clouds_yaml)},
        )

    def images(self, *options: str) -> list[dict[str, Any]]:
        """`openstack image list`."""
        return list(json.loads(self.run.output("image", "list", "--format=json", *options)))

    def image(self, name: str) -> dict[str, Any]:
        """`openstack image show`."""
        return dict(json.loads(self.run.output("image", "show", "--format=json", name)))
