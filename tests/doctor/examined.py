"""An examination, and what it said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from registry_glance.config import Config, load
from registry_glance.doctor.examination import examine
from registry_glance.doctor.finding import Finding, Level
from registry_glance.doctor.probes import NAME
from registry_glance.doctor.report import rendered
from registry_glance.doctor.site import Site
from registry_glance.embedded.cloud import CLOUD_NAME, Cloud
from registry_glance.embedded.credentials import Credentials
from tests.registry import merged
from tests.tenants import token


@dataclass(frozen=True)
class Examined:
    """The findings by the names of their checks."""

    is_sound: bool
    findings: dict[str, Finding]
    text: str

    def of(self, level: Level) -> set[str]:
        """The names of the checks that found it so."""
        return {name for name, finding in self.findings.items() if finding.level is level}

    @property
    def failed(self) -> set[str]:
        """Those for which the registry does not work."""
        return self.of(Level.FAIL)

    @property
    def warned(self) -> set[str]:
        """Those made that found something worth mending."""
        return {name for name in self.of(Level.WARN) if name not in self.skipped}

    @property
    def skipped(self) -> set[str]:
        """Those not made because another one had failed."""
        found = self.findings.items()
        return {name for name, one in found if one.found.startswith("not checked without:")}

    def remedy(self, name: str) -> str:
        """What is to be done, as one text."""
        return "\n".join(self.findings[name].remedy)


class Clinic:
    """Examines a cloud with settings that differ from a good one's in what a test changes."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self.cloud = cloud
        self.folder = folder

    def configured(
        self,
        changes: Mapping[str, Any] | None = None,
        user: Credentials | None = None,
        **entry: Any,
    ) -> Path:
        """config.yml with `changes`; `user` and `entry` go into the cloud's clouds.yaml."""
        content = yaml.safe_load(self.cloud.clouds_yaml.read_text())
        clouds = self.folder / "clouds.yaml"
        cloud = content["clouds"][CLOUD_NAME] | ({"auth": user.as_auth()} if user else {})
        clouds.write_text(yaml.safe_dump({"clouds": {CLOUD_NAME: merged(cloud, entry)}}))
        base = {
            "auth": "keystone",
            "cloud": {"name": CLOUD_NAME, "config_file": str(clouds)},
            "state": str(self.folder / "state"),
        }
        config = self.folder / "config.yml"
        config.write_text(yaml.safe_dump(merged(base, changes or {})))
        return config

    def examine(
        self,
        changes: Mapping[str, Any] | None = None,
        user: Credentials | None = None,
        **entry: Any,
    ) -> Examined:
        """Look at everything; nothing of it stays in Glance, and no password is told."""
        path = self.configured(changes, user, **entry)
        return self.examined(load(path, {}), (user or self.cloud.registry).password)

    def examined(self, config: Config, password: str) -> Examined:
        """The same with settings that are read already."""
        findings: dict[str, Finding] = {}
        lines: list[str] = []

        def tell(name: str, finding: Finding) -> None:
            assert name not in findings
            findings[name] = finding
            lines.append(rendered(name, finding))

        is_sound = examine(Site(config), tell)
        text = "\n".join(lines)
        assert password not in text
        assert left_behind(self.cloud) == []
        return Examined(is_sound, findings, text)


def left_behind(cloud: Cloud) -> list[str]:
    """IDs of the rows that examinations have made in any project, and that are still there."""
    query = {"os_hidden": "true", "name": NAME, "visibility": "all", "limit": "1000"}
    headers = {"X-Auth-Token": token(cloud.admin)}
    url = f"{cloud.glance_url}/v2/images"
    answer = requests.get(url, params=query, headers=headers, timeout=30)
    return [row["id"] for row in answer.json()["images"]]
