"""Root file systems by the program `tar`, and what docker makes of what we make of them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from registry_glance.archive.contents import Part
from registry_glance.archive.rootfs import configuration
from registry_glance.archive.unpacking import packed, unpacked
from registry_glance.oci.digest import Digest
from tests.archives.looked_at import chunks, look
from tests.clients.conftest import require
from tests.clients.docker import Docker
from tests.clients.images import canonical
from tests.clients.program import missing
from tests.clients.tarballs import packed as tarball

CREATED = "2013-11-05T00:00:00Z"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with busybox in it, and what a system has beside files."""
    require(missing("busybox", "tar"))
    root = tmp_path_factory.mktemp("system")
    for folder in ("bin", "dev", "etc", "usr/lib", "x" * 120):
        (root / folder).mkdir(parents=True)
    shutil.copy(str(shutil.which("busybox")), root / "bin/busybox")
    (root / "bin/sh").symlink_to("busybox")
    (root / "bin/[").hardlink_to(root / "bin/busybox")
    (root / "lib").symlink_to("/usr/lib")
    (root / "etc/greeting").write_text("hello\n")
    (root / "etc/gr\u00fc\u00dfe").write_text("hallo\n")
    (root / ("x" * 120) / ("y" * 120)).write_text("a long name\n")
    with (root / "usr/lib/sparse").open("wb") as sparse:
        sparse.truncate(1 << 21)
        sparse.seek(1 << 20)
        sparse.write(b"in the midst of nothing")
    subprocess.run(["mknod", root / "dev/initctl", "p"], check=True)
    return root


def write(system: Path, into: Path, *options: str) -> Path:
    """A tarball by `tar`, as debootstrap's users make them."""
    argv = ["tar", "--create", f"--file={into}", "--numeric-owner", *options, "-C", system, "."]
    subprocess.run(argv, check=True)
    return into


@pytest.mark.parametrize("sparse", ["", "--sparse"], ids=["whole", "sparse"])
@pytest.mark.parametrize("form", ["gnu", "posix"])
def test_whatever_the_format(system: Path, tmp_path: Path, form: str, sparse: str) -> None:
    tar = write(system, tmp_path / "tar", f"--format={form}", *sparse.split())
    found = look(tar)
    assert found.root is not None
    assert found.root.diff_id == Digest.of(tar.read_bytes())
    assert found.root.layer == Part(found.root.diff_id, tar.stat().st_size, 0)


@pytest.mark.parametrize("program", ["gzip", "xz", "bzip2", "zstd"])
def test_whatever_the_compression(system: Path, tmp_path: Path, program: str) -> None:
    require(missing(program))
    packed_up = write(system, tmp_path / "tar", f"--use-compress-program={program}")
    plain = subprocess.run([program, "-dc", packed_up], capture_output=True, check=True).stdout
    found = look(packed_up)
    assert found.root is not None
    assert found.root.diff_id == Digest.of(plain)
    assert found.packed == (program != "gzip")
    body = plain if found.packed else packed_up.read_bytes()
    assert found.root.layer == Part(Digest.of(body), len(body), 0)


def test_docker_runs_what_is_made_of_it(system: Path, tmp_path: Path, docker: Docker) -> None:
    require(missing("xz"))
    archive = write(system, tmp_path / "tar", "--xz")
    root = look(archive).root
    assert root is not None
    [layer] = [b"".join(packed(pieces)) for _, pieces in unpacked(chunks(archive), [root.layer])]
    properties = {"os_command_line": "/bin/sh -c 'cat /etc/greeting'", "docker_env": "A=1"}
    config = configuration(root.diff_id, properties, CREATED, "amd64")
    name = f"made-{uuid4().hex}"
    entry = {"Config": "c.json", "RepoTags": [f"{name}:latest"], "Layers": ["layer.tar"]}
    files = {"c.json": config, "layer.tar": layer, "manifest.json": canonical([entry])}
    docker.run("load", stdin=tarball(files))
    facts = json.loads(docker.run.output("image", "inspect", name))[0]
    assert facts["Id"] == str(Digest.of(config))
    assert facts["Config"]["Cmd"] == ["/bin/sh", "-c", "cat /etc/greeting"]
    assert docker.files(name)["etc/gr\u00fc\u00dfe"] == b"hallo\n"
    assert docker.run.output("run", "--rm", "--network=none", name) == b"hello\n"
