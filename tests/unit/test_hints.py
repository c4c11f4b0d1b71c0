"""Hints where to look first: kept for all workers, bounded, and harmless when they are lost."""

from __future__ import annotations

import os
from pathlib import Path

from registry_glance.cache.hints import LIFETIME, MOST, Hints


def test_the_latest_comes_first_and_once(tmp_path: Path) -> None:
    hints = Hints(tmp_path)
    for found in ("a", "b", "a", "a", "c"):
        hints.add("name", found)
    assert Hints(tmp_path).of("name") == ["c", "a", "b"]
    assert hints.of("other") == []


def test_few_are_kept(tmp_path: Path) -> None:
    hints = Hints(tmp_path)
    for number in range(MOST + 5):
        hints.add("name", str(number))
    assert hints.of("name") == [str(MOST + 4 - back) for back in range(MOST)]


def test_what_cannot_be_read_is_no_hint(tmp_path: Path) -> None:
    hints = Hints(tmp_path)
    hints.add("name", "a")
    for content in (b"", b"{", b'{"a": 1}', b"\xff"):
        (file,) = tmp_path.iterdir()
        file.write_bytes(content)
        assert hints.of("name") == []
        hints.add("name", "b")
        assert hints.of("name") == ["b"]


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "hints"
    Hints(folder).add("../../name", "a")
    assert Hints(folder).of("../../name") == ["a"]
    assert [*tmp_path.iterdir()] == [folder]


def test_a_folder_that_is_gone_is_no_error(tmp_path: Path) -> None:
    hints = Hints(tmp_path / "hints")
    (tmp_path / "hints").rmdir()
    hints.add("name", "a")
    assert hints.of("name") == []


def test_old_ones_are_removed_at_the_start(tmp_path: Path) -> None:
    Hints(tmp_path).add("name", "a")
    (file,) = tmp_path.iterdir()
    old = file.stat().st_mtime - LIFETIME - 1
    os.utime(file, (old, old))
    assert Hints(tmp_path).of("name") == []
    assert [*tmp_path.iterdir()] == []
