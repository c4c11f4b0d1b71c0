"""Permits that are held over processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_glance.spool.permits import Busy, Permits


@pytest.mark.parametrize("patience", [0, 0.05])
@pytest.mark.parametrize("same", [True, False], ids=["this process", "another one"])
def test_who_has_no_patience_is_told_that_all_are_in_use(
    tmp_path: Path, patience: float, *, same: bool
) -> None:
    """Each process has permits of its own, over the same files."""
    permits = Permits(tmp_path, 1)
    others = permits if same else Permits(tmp_path, 1)
    with others.one(), pytest.raises(Busy), permits.one(patience):
        pytest.fail("nobody gives it back")
    for _ in range(2):
        with permits.one(patience):
            pass
    with permits.one():
        pass
