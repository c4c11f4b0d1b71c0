"""Answers that are believed until somebody forgets them."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from registry_glance.cache.answers import Answers
from registry_glance.cache.epochs import Epochs


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    return Answers(Epochs(tmp_path / "epochs"), staleness=600)


def test_each_viewer_has_answers_of_his_own_and_all_forget_together(answers: Answers) -> None:
    numbers = itertools.count()
    ann, bob = (answers.of("rows").as_seen_by(name) for name in ("ann", "bob"))

    def told() -> list[int]:
        return [one.get("x", lambda: next(numbers)) for one in (ann, bob, ann, bob)]

    assert told() == [0, 1, 0, 1]
    answers.of("rows").forget("x")
    assert told() == [2, 3, 2, 3]
