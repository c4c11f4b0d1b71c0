"""skopeo: copies between registries and folders."""

from __future__ import annotations

from pathlib import Path

from tests.clients.client import Copier
from tests.clients.images import Image
from tests.clients.program import Program
from tests.clients.pulled import Pulled, from_folder
from tests.clients.settings import containers_settings


class Skopeo(Copier):
    """skopeo, with its work below `folder`."""

    def __init__(self, folder: Path, registry: str) -> None:
        super().__init__(folder)
        env = containers_settings(folder, registry)
        registries = env["CONTAINERS_REGISTRIES_CONF"]  # skopeo takes it as an option only
        self.run = Program("skopeo", f"--registries-conf={registries}", env=env)

    def push(self, image: Image, reference: str) -> None:
        self.run("copy", f"oci:{self.layout(image)}", f"docker://{reference}")

    def pull(self, reference: str) -> Pulled:
        into = self.new_folder()
        self.run("copy", f"docker://{reference}", f"dir:{into}")
        return from_folder(into)
