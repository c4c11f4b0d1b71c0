"""Lifecycle events: what happens to containers, told to Nova."""

from __future__ import annotations

import pytest
from nova.virt import event

from nova_driver.docker.deliveries import Deliveries
from tests.clients.engine import Engine
from tests.nova.driver.conftest import started
from tests.nova.driver.host import Host, wait
from tests.nova.driver.user import User

SLEEP = "/bin/busybox sleep 1000"
#: Ends when the Engine does, which otherwise waits for 10 s.
OBEDIENT = "trap 'exit 0' TERM; while :; do /bin/busybox sleep 0.1; done"

STARTED, STOPPED = event.EVENT_LIFECYCLE_STARTED, event.EVENT_LIFECYCLE_STOPPED
PAUSED, RESUMED = event.EVENT_LIFECYCLE_PAUSED, event.EVENT_LIFECYCLE_RESUMED


@pytest.fixture(scope="module")
def image(user: User) -> str:
    return user.push("events:latest", SLEEP)


def heard(host: Host, uuid: str, transition: int) -> None:
    """Wait until Nova was told, and forget it."""
    wait(lambda: (uuid, transition) in host.heard, f"transition {transition}")
    host.heard.clear()


def test_nova_hears_of_all_that_happens(host: Host, user: User, image: str) -> None:
    made = host.boot(user, image)
    heard(host, made.uuid, STARTED)
    host.driver.pause(made)
    heard(host, made.uuid, PAUSED)
    host.driver.unpause(made)
    heard(host, made.uuid, RESUMED)
    host.driver.power_off(made)
    heard(host, made.uuid, STOPPED)


def test_an_end_by_itself_is_told_twice(host: Host, user: User) -> None:
    """Nova passes over the first while it is still building."""
    made = host.boot(user, user.push("ends:latest", "exit 3"))
    wait(lambda: host.heard.count((made.uuid, STOPPED)) >= 2, "a second word of the end")
    assert host.inspect(made)["State"]["ExitCode"] == 3


def test_labels_of_an_image_do_not_speak_for_the_engine(
    host: Host, user: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    labels = "LABEL exitCode='0\\n forged' name=other"
    made = host.boot(user, user.push("labelled:latest", "exit 3", labels))
    wait(lambda: (made.uuid, STOPPED) in host.heard, "its end")
    assert "forged" not in caplog.text


def test_a_server_that_is_gone_is_not_told_of(host: Host, user: User, image: str) -> None:
    made, other = host.boot(user, image), host.boot(user, image)
    host.driver.destroy(None, made, [])
    host.driver.power_off(other)
    heard(host, other.uuid, STOPPED)
    wait(lambda: (other.uuid, STOPPED) in host.heard, "a second word of the other's end")
    assert (made.uuid, STOPPED) not in host.heard


def test_other_hosts_are_none_of_our_business(
    host: Host, user: User, image: str, engine: Engine
) -> None:
    others = started(engine, user.registry.address)
    other = next(others)
    host.start()  # Options are of the process: these two share theirs.
    made = other.boot(user, image)
    heard(other, made.uuid, STARTED)
    assert host.heard == []
    next(others, None)


def test_restarts_of_the_engine_are_survived(user: User, engine: Engine) -> None:
    hosts = started(engine, user.registry.address)
    host = next(hosts)
    made = host.boot(user, user.push("obedient:latest", OBEDIENT))
    heard(host, made.uuid, STARTED)
    engine.stop()
    engine.start()
    heard(host, made.uuid, STOPPED)
    assert host.driver.list_instance_uuids() == [made.uuid]
    host.driver.resume_state_on_host_boot(None, made, [], None)
    heard(host, made.uuid, STARTED)
    next(hosts, None)


def test_the_latest_news_is_told(host: Host) -> None:
    told: list[tuple[str, int]] = []
    deliveries = Deliveries(lambda *news: told.append(news))
    deliveries.add("a", STOPPED, (0, 1000))
    deliveries.add("a", STARTED, (0,))
    deliveries.add("b", STOPPED, (1000,))
    deliveries.add("c", STOPPED, (0,))
    deliveries.forget("c")
    assert deliveries._next() == ("a", STARTED)
    deliveries.add("a", STOPPED, (0, 0))
    assert deliveries._next() == deliveries._next() == ("a", STOPPED)
    deliveries.stop()
    deliveries.run()
    assert told == []
