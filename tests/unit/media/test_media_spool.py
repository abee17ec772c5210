"""The spool: whole files under their hash, and nothing half."""

import hashlib
import os
from pathlib import Path

import pytest

from connector.kernel.errors import PostrailError
from connector.media.spool import Spool, create_locked


def files(root: Path) -> list[str]:
    """List the files below a folder."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_a_kept_file_lies_under_its_hash(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with spool.receive() as incoming:
        incoming.write(b"hello ")
        incoming.write(memoryview(b"world"))
        media_id = incoming.keep()
    assert media_id == hashlib.sha256(b"hello world").hexdigest()
    assert spool.path(media_id).read_bytes() == b"hello world"
    assert files(tmp_path) == [f"{media_id[:2]}/{media_id}"]


def test_what_is_not_kept_is_gone(tmp_path: Path) -> None:
    with Spool(tmp_path).receive() as incoming:
        incoming.write(b"half")
    assert files(tmp_path) == []


def test_what_fails_half_way_is_gone(tmp_path: Path) -> None:
    with pytest.raises(TypeError), Spool(tmp_path).receive() as incoming:
        incoming.write("text")  # type: ignore[arg-type]  # any failure will do
    assert files(tmp_path) == []


def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for _ in range(2):
        with spool.receive() as incoming:
            incoming.write(b"same")
            incoming.keep()
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize("media_id", ["0" * 64, "", "../../etc/passwd", "incoming"])
def test_an_unknown_file_is_gone(tmp_path: Path, media_id: str) -> None:
    with pytest.raises(PostrailError, match="media_gone"):
        Spool(tmp_path).path(media_id)


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    def create_on_full_disk(folder: Path) -> tuple[int, Path]:
        path = folder / "new"
        path.touch()
        return os.open("/dev/full", os.O_WRONLY), path

    spool = Spool(tmp_path, create=create_on_full_disk)
    with pytest.raises(PostrailError, match="disk_full") as caught, spool.receive() as incoming:
        incoming.write(b"too much")
    assert caught.value.details[0].problem == "disk_full"
    assert files(tmp_path) == []


def test_a_sweep_deletes_left_overs_and_spares_what_is_being_written(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    (tmp_path / "incoming" / "left-over").write_bytes(b"half")
    with spool.receive() as incoming:
        assert spool.sweep_incoming() == 1
        assert files(tmp_path / "incoming") == [incoming.path.name]


def test_a_new_file_is_locked_against_sweeps(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    descriptor, path = create_locked(tmp_path / "incoming")
    assert spool.sweep_incoming() == 0
    os.close(descriptor)
    assert spool.sweep_incoming() == 1
    assert not path.exists()


def test_a_file_that_begins_again_holds_what_came_last_alone(tmp_path: Path) -> None:
    with Spool(tmp_path).receive() as incoming:
        incoming.write(b"first and longer")
        incoming.restart()
        incoming.write(b"second")
        media_id = incoming.keep()
    assert (media_id, incoming.size) == (hashlib.sha256(b"second").hexdigest(), 6)
    assert Spool(tmp_path).path(media_id).read_bytes() == b"second"


def test_a_large_file_may_begin_again_or_end_while_its_hash_is_being_taken(tmp_path: Path) -> None:
    spool, large = Spool(tmp_path), os.urandom(5_000_000)
    with spool.receive() as incoming:
        incoming.write(large)
        incoming.restart()
        incoming.write(large[::-1])
        assert incoming.keep() == hashlib.sha256(large[::-1]).hexdigest()
    with spool.receive() as given_up:
        given_up.write(large)
    assert len(files(tmp_path)) == 1


def test_a_kept_file_that_is_what_it_was_passes(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with spool.receive() as incoming:
        incoming.write(b"looked at")
        spool.verify(incoming.keep())


def test_a_file_that_was_swapped_in_the_spool_is_told(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with spool.receive() as incoming:
        incoming.write(b"looked at")
        media_id = incoming.keep()
    spool.path(media_id).write_bytes(b"swapped!!")
    with pytest.raises(PostrailError, match="media_changed"):
        spool.verify(media_id)
    spool.path(media_id).unlink()
    with pytest.raises(PostrailError, match="media_gone"):
        spool.verify(media_id)
