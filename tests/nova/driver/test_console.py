"""Console output: the last that a container has written."""

from __future__ import annotations

from nova.compute.manager import ComputeManager

from nova_driver.docker.console import LARGEST
from tests.nova.driver.host import Host, wait
from tests.nova.driver.user import User


def test_both_streams_are_shown_without_times(host: Host, user: User) -> None:
    made = host.boot(user, user.push("both:latest", "echo out; echo err >&2; echo end"))
    # The streams come to the Engine apart: only within each there is an order.
    orders = {"out\nerr\nend", "err\nout\nend", "out\nend\nerr"}
    wait(lambda: host.console(made) in orders, "all that was written")


def test_only_the_last_is_shown(host: Host, user: User) -> None:
    made = host.boot(user, user.push("many:latest", "/bin/busybox seq 1 50000"))
    wait(lambda: host.console(made).endswith("\n50000"), "the last number")
    output = host.driver.get_console_output(None, made)
    assert len(output) <= LARGEST
    assert output.decode().split("\n")[-3:] == ["49998", "49999", "50000"]
    # What Nova makes of `console log show --lines 2`.
    assert ComputeManager._tail_log(None, output, 2) == b"49999\n50000"


def test_bytes_that_are_no_text_do_no_harm(host: Host, user: User) -> None:
    made = host.boot(user, user.push("bytes:latest", r"printf '\\377\\000x'"))
    wait(lambda: host.driver.get_console_output(None, made)[-2:] == b"\x00x", "odd bytes")
