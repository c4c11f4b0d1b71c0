"""Environment variables out of metadata: as pure code, and in a container."""

from __future__ import annotations

import pytest
from nova import exception

from nova_driver.docker.environment import environment
from tests.nova.driver.host import Host, wait
from tests.nova.driver.user import User


def test_only_what_is_marked_is_taken() -> None:
    metadata = {"env:B": "2=3", "env:A": "", "C": "4", "environment:D": "5", "ENV:E": "6"}
    assert environment(metadata) == ["A=", "B=2=3"]


@pytest.mark.parametrize("name", ["", " A", "A B", "1A", "A-B", "A.B", "A:B", "A\n"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(exception.InvalidInput, match="names no environment variable"):
        environment({f"env:{name}": "x"})


def test_it_goes_before_the_images_own(user: User, host: Host) -> None:
    kept = ("ENV GREETING=before", "ENV KEPT=kept")
    image = user.push("environment:1", "/bin/busybox env", *kept)
    server = host.boot(user, image, metadata={"env:GREETING": "after", "SECRET": "seen"})
    wait(lambda: "KEPT" in host.console(server), "its environment")
    seen = host.console(server).split()
    assert {"GREETING=after", "KEPT=kept"} <= set(seen)
    assert "seen" not in host.console(server)
