"""Long work is done once, in the background, by few at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from registry_glance.errors import Denied, Unexamined
from registry_glance.store.glance import examiners
from registry_glance.store.glance.examiners import Examiners


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examiners, "PATIENCE", 0.2)


def once(done: list[str], image: str, go: Event) -> Callable[[], None]:
    def work() -> None:
        if image not in done:
            assert go.wait(10)
            done.append(image)

    return work


def test_those_that_ask_at_once_share_the_work(tmp_path: Path) -> None:
    # Of two processes, whose memory is not shared.
    both = [Examiners(tmp_path), Examiners(tmp_path)]
    done: list[str] = []
    go = Event()
    go.set()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: both[n % 2].see_to("one", once(done, "one", go)), range(8)))
    assert done == ["one"]


def test_who_waits_for_long_is_told_to_come_again(tmp_path: Path) -> None:
    found, done, go = Examiners(tmp_path), list[str](), Event()
    for _ in range(2):
        with pytest.raises(Unexamined) as told:
            found.see_to("one", once(done, "one", go))
        assert int(told.value.headers["Retry-After"]) > 0
    go.set()
    examiners.PATIENCE = 10
    found.see_to("one", once(done, "one", go))
    assert done == ["one"]


def test_what_has_failed_is_tried_again(tmp_path: Path) -> None:
    found = Examiners(tmp_path)

    def fail() -> None:
        raise Denied("no")

    for _ in range(2):
        with pytest.raises(Denied, match="no"):
            found.see_to("one", fail)
    found.see_to("one", lambda: None)


def test_no_more_than_a_few_are_looked_through_at_once(tmp_path: Path) -> None:
    found, done, go = Examiners(tmp_path), list[str](), Event()
    examiners.PATIENCE = 0
    for number in range(examiners.QUEUE):
        with pytest.raises(Unexamined):
            found.see_to(str(number), once(done, str(number), go))
    with pytest.raises(Unexamined, match="too many"):
        found.see_to("one more", once(done, "one more", go))
    go.set()
    examiners.PATIENCE = 10
    found.see_to("0", once(done, "0", go))
