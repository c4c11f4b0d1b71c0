"""Long work is done once, in the background, by few at a time."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from registry_glance.errors import (
    Denied,
    RegistryError,
    TooLarge,
    Unauthenticated,
    Unexamined,
)
from registry_glance.store.glance import examiners
from registry_glance.store.glance.examiners import Examiners


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examiners, "PATIENCE", 0.2)


@pytest.fixture
def go() -> Iterator[Event]:
    """What the work waits for; given at the end in any case."""
    event = Event()
    yield event
    event.set()


def once(done: list[str], image: str, go: Event) -> Callable[[], None]:
    def work() -> None:
        if image not in done:
            assert go.wait(10)
            done.append(image)

    return work


def failing(error: RegistryError, tried: list[str], go: Event | None = None) -> Callable[[], None]:
    def work() -> None:
        tried.append("once more")
        assert go is None or go.wait(10)
        raise error

    return work


def test_those_that_ask_at_once_share_the_work(tmp_path: Path, go: Event) -> None:
    # Of two processes, whose memory is not shared.
    both = [Examiners(tmp_path), Examiners(tmp_path)]
    done: list[str] = []
    go.set()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: both[n % 2].see_to("1", "p", once(done, "1", go)), range(8)))
    assert done == ["1"]


def test_who_waits_for_long_is_told_to_come_again(
    tmp_path: Path, go: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, done = Examiners(tmp_path), list[str]()
    for _ in range(2):
        with pytest.raises(Unexamined) as told:
            found.see_to("1", "p", once(done, "1", go))
        assert int(told.value.headers["Retry-After"]) > 0
    go.set()
    monkeypatch.setattr(examiners, "PATIENCE", 10)
    found.see_to("1", "p", once(done, "1", go))
    assert done == ["1"]


def test_a_failure_is_told_to_who_comes_later(
    tmp_path: Path, go: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, tried = Examiners(tmp_path), list[str]()
    with pytest.raises(Unexamined):
        found.see_to("1", "p", failing(TooLarge("quota"), tried, go))
    go.set()
    monkeypatch.setattr(examiners, "PATIENCE", 10)
    for _ in range(2):
        with pytest.raises(TooLarge, match="quota"):
            found.see_to("1", "p", failing(TooLarge("quota"), tried))
    assert len(tried) == 1
    monkeypatch.setattr(examiners, "MEMORY", -1)
    found.see_to("1", "p", lambda: None)


@pytest.mark.parametrize("error", [Denied("no"), Unauthenticated("no")])
def test_nobody_fails_for_the_credentials_of_another(
    tmp_path: Path, go: Event, monkeypatch: pytest.MonkeyPatch, error: RegistryError
) -> None:
    found, tried, done = Examiners(tmp_path), list[str](), list[str]()
    monkeypatch.setattr(examiners, "PATIENCE", 10)
    with ThreadPoolExecutor(1) as threads:
        one = threads.submit(found.see_to, "1", "p", failing(error, tried, go))
        while not tried:
            pass
        go.set()
        found.see_to("1", "p", once(done, "1", go))
        with pytest.raises(type(error)):
            one.result()
    assert done == ["1"]


def test_what_has_failed_holds_nothing(tmp_path: Path) -> None:
    found, closed = Examiners(tmp_path), Event()

    def opened() -> Iterator[None]:
        try:
            yield
        finally:
            closed.set()

    def work() -> None:
        connection = opened()
        next(connection)
        raise Denied("no")

    gc.disable()
    try:
        with pytest.raises(Denied):
            found.see_to("1", "p", work)
        assert closed.wait(5)
    finally:
        gc.enable()


def test_no_project_takes_all_the_room(
    tmp_path: Path, go: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, done = Examiners(tmp_path), list[str]()
    monkeypatch.setattr(examiners, "PATIENCE", 0)
    for number in range(examiners.QUEUE_OF_PROJECT):
        with pytest.raises(Unexamined):
            found.see_to(str(number), "p", once(done, str(number), go))
    with pytest.raises(Unexamined, match="too many"):
        found.see_to("one more", "p", once(done, "one more", go))
    for number in range(examiners.QUEUE_OF_PROJECT, examiners.QUEUE):
        with pytest.raises(Unexamined) as told:
            found.see_to(str(number), f"p{number}", once(done, str(number), go))
        assert told.value.message == ""
    with pytest.raises(Unexamined, match="too many"):
        found.see_to("one more", "q", once(done, "one more", go))
    go.set()
    monkeypatch.setattr(examiners, "PATIENCE", 10)
    found.see_to("0", "p", once(done, "0", go))


def test_few_requests_wait_at_once(tmp_path: Path, go: Event) -> None:
    found, done = Examiners(tmp_path), list[str]()

    def told(_: int) -> float:
        began = time.monotonic()
        with pytest.raises(Unexamined):
            found.see_to("1", "p", once(done, "1", go))
        return time.monotonic() - began

    with ThreadPoolExecutor(examiners.WAITING + 8) as threads:
        times = list(threads.map(told, range(examiners.WAITING + 8)))
    assert sum(1 for seconds in times if seconds < examiners.PATIENCE) >= 1
