"""What is remembered of uploads that have begun."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from registry_glance.client.unfinished import LIFETIME, Unfinished
from registry_glance.oci.digest import Digest
from registry_glance.oci.names import Repository

KEY = ("registry:5042", Repository("app"), Digest.of(b"layer"))
PLACE = "http://registry:5042/v2/app/blobs/uploads/1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With one upload in it."""
    with Unfinished(tmp_path / "uploads").note(*KEY) as note:
        assert note.location == ""
        note.keep("a longer one, which is gone" * 10)
        note.keep(PLACE)
    return tmp_path / "uploads"


def file_of(folder: Path) -> Path:
    [file] = folder.iterdir()
    return file


def test_an_upload_is_remembered_for_its_user_alone(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file_of(folder).stat().st_mode) == 0o600
    with Unfinished(folder).note(*KEY) as note:
        assert note.location == PLACE


def test_other_uploads_know_nothing_of_it(folder: Path) -> None:
    others = (
        ("other:5042", *KEY[1:]),
        (KEY[0], Repository("other"), KEY[2]),
        (*KEY[:2], Digest.of(b"other")),
    )
    for other in others:
        with Unfinished(folder).note(*other) as note:
            assert note.location == ""


def test_what_is_forgotten_leaves_nothing(folder: Path) -> None:
    with Unfinished(folder).note(*KEY) as note:
        note.forget()
    assert not list(folder.iterdir())


def test_a_failure_leaves_the_note(folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Unfinished(folder).note(*KEY):
        raise KeyboardInterrupt
    with Unfinished(folder).note(*KEY) as note:
        assert note.location == PLACE


def test_two_at_once_do_not_share_an_upload(folder: Path) -> None:
    unfinished = Unfinished(folder)
    with unfinished.note(*KEY) as first:
        with unfinished.note(*KEY) as second:
            assert second.location == ""
            second.keep("elsewhere")
        assert first.location == PLACE
    with unfinished.note(*KEY) as note:
        assert note.location == PLACE


def test_a_note_that_others_could_write_is_not_believed(folder: Path) -> None:
    file_of(folder).chmod(0o666)
    with Unfinished(folder).note(*KEY) as note:
        assert note.location == ""


def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("kept")
    file = file_of(folder)
    file.unlink()
    file.symlink_to(secret)
    with Unfinished(folder).note(*KEY) as note:
        note.keep(PLACE)
    assert secret.read_text() == "kept"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"location": 1}', "\0" * 100])
def test_a_damaged_note_says_nothing(folder: Path, text: str) -> None:
    file_of(folder).write_text(text)
    with Unfinished(folder).note(*KEY) as note:
        assert note.location == ""


def test_old_notes_go(folder: Path) -> None:
    old = time.time() - LIFETIME - 60
    os.utime(file_of(folder), (old, old))
    with Unfinished(folder).note(*KEY) as note:
        assert note.location == ""


def test_a_folder_that_cannot_be_made_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Unfinished(tmp_path / "file" / "uploads").note(*KEY) as note:
        note.keep(PLACE)
