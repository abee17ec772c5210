"""FileWindow: a part of a file, no byte more."""

from pathlib import Path

import pytest

from connector.net import FileWindow


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    path = tmp_path / "letters"
    path.write_bytes(b"abcdefghij")
    return path


def test_a_window_reads_its_part_and_then_nothing(letters: Path) -> None:
    with FileWindow(letters, 2, 5) as window:
        assert [window.read(3), window.read(3), window.read(3)] == [b"cde", b"fg", b""]


def test_a_window_reads_all_that_is_left(letters: Path) -> None:
    with FileWindow(letters, 8, 2) as window:
        assert (window.read(1), window.read()) == (b"i", b"j")


def test_a_window_behind_the_end_is_empty(letters: Path) -> None:
    with FileWindow(letters, 20, 5) as window:
        assert window.read() == b""


def test_a_window_of_no_file_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileWindow(tmp_path / "none", 0, 1)
