"""A cache that forgets in time."""

from __future__ import annotations

from registry_glance.auth.recent import Recent


def test_what_was_kept_is_found_until_its_time_is_up() -> None:
    now = [0.0]
    recent = Recent(clock=lambda: now[0])
    recent.set("a", b"1", time=10)
    now[0] = 9.9
    assert recent.get("a") == b"1"
    now[0] = 10
    assert recent.get("a") is None


def test_what_was_deleted_is_gone() -> None:
    recent = Recent()
    recent.set("a", b"1", time=10)
    recent.delete("a")
    recent.delete("b")
    assert recent.get("a") is None


def test_the_oldest_goes_when_there_is_too_much() -> None:
    recent = Recent(limit=2)
    recent.set("a", b"1", time=10)
    recent.set("b", b"2", time=10)
    recent.set("a", b"3", time=10)
    recent.set("c", b"4", time=10)
    assert [recent.get(key) for key in "abc"] == [b"3", None, b"4"]
