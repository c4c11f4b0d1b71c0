"""docker: what people do with it all day."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from tests.clients.crane import Crane
from tests.clients.docker import Docker
from tests.clients.images import digest, greeting
from tests.clients.podman import Podman
from tests.clients.regctl import Regctl
from tests.clients.skopeo import Skopeo
from tests.registry import Registry

DOCKERFILE = b"""\
FROM scratch
COPY busybox /bin/busybox
COPY greeting /etc/greeting
ENV GREETED=yes
CMD ["/bin/busybox", "cat", "/etc/greeting"]
"""


def test_a_pulled_image_runs(docker: Docker, registry: Registry) -> None:
    reference = registry.reference("docker/runs:latest")
    docker.push(greeting("docker run"), reference)
    docker.forget(reference)
    said = docker.run.output("run", "--rm", "--network=none", reference)
    assert said == b"hello from docker run\n"


def test_an_image_pulled_by_its_digest_runs(docker: Docker, registry: Registry) -> None:
    docker.push(greeting("by digest"), registry.reference("docker/digest:1"))
    manifest = registry.manifest("docker/digest", "1").digest
    docker.forget(registry.reference("docker/digest:1"))
    reference = registry.reference(f"docker/digest@{manifest}")
    said = docker.run.output("run", "--rm", "--network=none", reference)
    assert said == b"hello from by digest\n"


def test_the_default_tag_is_latest(docker: Docker, registry: Registry) -> None:
    reference = registry.reference("docker/untagged")
    docker.load(greeting("untagged"), f"{reference}:latest")
    docker.run("push", reference)
    assert registry.manifest("docker/untagged", "latest").content["schemaVersion"] == 2


def test_what_is_there_is_not_pushed_again(docker: Docker, registry: Registry) -> None:
    reference = registry.reference("docker/again:1")
    image = greeting("push again", layers=5)
    docker.push(image, reference)
    began = time.monotonic()
    said = docker.run("push", reference)
    assert said.count("Layer already exists") == 5
    assert time.monotonic() - began < 5


def test_layers_of_another_repository_are_not_sent(docker: Docker, registry: Registry) -> None:
    first, second = (registry.reference(f"docker/{name}:1") for name in ("origin", uuid4()))
    docker.push(greeting("mounted"), first)
    docker.run("tag", first, second)
    said = docker.run("push", second)
    assert said.count("Mounted from docker/origin") + said.count("Layer already exists") == 3
    assert docker.pull(second).holds(greeting("mounted"))


def test_many_layers_arrive_in_parallel(docker: Docker, registry: Registry) -> None:
    image, reference = greeting("parallel", layers=12), registry.reference("docker/parallel:1")
    docker.push(image, reference)
    assert len(registry.manifest("docker/parallel", "1").content["layers"]) == 12
    assert docker.pull(reference).holds(image)


def test_a_large_layer_arrives_whole(docker: Docker, registry: Registry) -> None:
    image, reference = (
        greeting("large", layers=2, size=40 << 20),
        registry.reference("docker/large:1"),
    )
    docker.push(image, reference)
    assert docker.pull(reference).holds(image)


def test_pushing_again_moves_the_tag(docker: Docker, registry: Registry) -> None:
    reference = registry.reference("docker/moves:1")
    docker.push(greeting("old"), reference)
    old = registry.manifest("docker/moves", "1").digest
    docker.push(greeting("new"), reference)
    assert docker.pull(reference).holds(greeting("new"))
    assert registry.manifest("docker/moves", old).digest == old


def test_all_tags_are_pushed_and_pulled(docker: Docker, registry: Registry) -> None:
    images = {tag: greeting(f"all {tag}") for tag in ("1.0", "1.1", "2.0")}
    repository = registry.reference("docker/all")
    for tag, image in images.items():
        docker.load(image, f"{repository}:{tag}")
    docker.run("push", "--all-tags", repository)
    for tag in images:
        docker.forget(f"{repository}:{tag}")
    docker.run("pull", "--all-tags", repository)
    found = docker.run.output("image", "ls", "--format={{.Tag}}", repository).decode().split()
    assert sorted(found) == sorted(images)


def test_a_built_and_committed_image_is_the_same_elsewhere(
    docker: Docker, podman: Podman, registry: Registry
) -> None:
    built, committed = (registry.reference(f"docker/{name}:1") for name in ("built", "committed"))
    context = docker.new_folder()
    (context / "Dockerfile").write_bytes(DOCKERFILE)
    for name, path in (("busybox", "bin/busybox"), ("greeting", "etc/greeting")):
        (context / name).write_bytes(greeting("built").files[path])
        (context / name).chmod(0o755)
    docker.run("build", "--quiet", f"--tag={built}", context)
    change = ("/bin/busybox", "sh", "-c", "echo more > /etc/more")
    container = docker.run.output("create", "--network=none", built, *change).decode().strip()
    docker.run("start", "--attach", container)
    docker.run("commit", container, committed)
    docker.run("rm", container)
    docker.run("push", committed)
    assert podman.pull(committed).files["etc/more"] == b"more\n"


def test_an_imported_file_system_is_pushed(docker: Docker, registry: Registry) -> None:
    reference, image = registry.reference("docker/imported:1"), greeting("imported")
    docker.run("import", "--change=CMD /bin/true", "-", reference, stdin=image.tars[-1])
    docker.run("push", reference)
    assert docker.pull(reference).files.items() >= image.layers[-1].items()


def test_an_engine_takes_its_own_platform_out_of_an_index(
    docker: Docker, skopeo: Skopeo, registry: Registry
) -> None:
    images = [greeting("platforms", architecture=name) for name in ("amd64", "arm64")]
    reference = registry.reference("docker/platforms:1")
    skopeo.run("copy", "--all", f"oci:{skopeo.layout(*images)}", f"docker://{reference}")
    docker.run("pull", "--platform=linux/arm64", reference)
    assert docker.run.output("image", "inspect", "--format={{.Id}}", reference).decode() == (
        f"{digest(images[1].config)}\n"
    )


def test_an_absent_image_is_refused_with_its_name(docker: Docker, registry: Registry) -> None:
    said = docker.run.refusal("pull", registry.reference("docker/absent:1"))
    assert "manifest" in said
    assert "not found" in said or "unknown" in said


@pytest.mark.parametrize("delete", ["regctl", "crane", "skopeo"])
def test_a_deleted_tag_is_no_longer_pulled(
    delete: str, docker: Docker, registry: Registry, request: pytest.FixtureRequest
) -> None:
    reference = registry.reference(f"docker/deleted-by-{delete}:1")
    docker.push(greeting(f"deleted by {delete}"), reference)
    docker.forget(reference)
    DELETIONS[delete](request.getfixturevalue(delete), reference)
    docker.run.refusal("pull", reference)


def by_regctl(regctl: Regctl, reference: str) -> None:
    regctl.run("tag", "delete", reference)


def by_crane(crane: Crane, reference: str) -> None:
    manifest = crane.run("digest", reference).strip()
    crane.run("delete", f"{reference.rpartition(':')[0]}@{manifest}")


def by_skopeo(skopeo: Skopeo, reference: str) -> None:
    skopeo.run("delete", f"docker://{reference}")


DELETIONS: dict[str, Callable[..., None]] = {
    "regctl": by_regctl,
    "crane": by_crane,
    "skopeo": by_skopeo,
}
