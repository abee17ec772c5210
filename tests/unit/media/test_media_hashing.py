"""The hash of a file that is still being written."""

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.media.hashing import PIECE, STRIDE, Following, begin_to_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file lies."""
    return tmp_path / "file"


@pytest.fixture
def descriptor(path: Path) -> Iterator[int]:
    """An empty file that is open."""
    opened = os.open(path, os.O_RDWR | os.O_CREAT)
    yield opened
    os.close(opened)


def followers() -> int:
    """Count the threads that follow a file."""
    return sum(thread.name == "following hash" for thread in threading.enumerate())


def written(descriptor: int, following: Following, pieces: list[bytes]) -> bytes:
    """Append pieces as their owner does, and return all of them."""
    size = 0
    for piece in pieces:
        size += os.write(descriptor, piece)
        following.grown_to(size)
    return b"".join(pieces)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.sampled_from([0, 1, 7, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 3]), max_size=9))
def test_the_hash_is_that_of_the_file_however_it_was_cut(descriptor: int, sizes: list[int]) -> None:
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    following = Following(descriptor)
    pieces = [bytes([index + 1]) * size for index, size in enumerate(sizes)]
    whole = written(descriptor, following, pieces)
    assert following.result(len(whole)) == hashlib.sha256(whole).hexdigest()


def test_a_file_that_grows_behind_its_result_is_hashed_further(descriptor: int) -> None:
    following, whole = Following(descriptor), b""
    for letter in (b"a", b"b", b"c"):
        whole += letter * (PIECE + 5)
        os.pwrite(descriptor, whole, 0)
        following.grown_to(len(whole))
        assert following.result(len(whole)) == hashlib.sha256(whole).hexdigest()


def test_a_small_file_takes_no_thread_and_a_large_one_none_once_its_hash_is_told(descriptor: int) -> None:
    following = Following(descriptor)
    written(descriptor, following, [bytes(PIECE - 1)])
    assert followers() == 0
    following.grown_to(PIECE + os.write(descriptor, b"1") - 1)
    assert followers() == 1
    following.result(PIECE)
    assert followers() == 0


def test_a_file_larger_than_a_stride_is_followed_to_its_end(descriptor: int, path: Path) -> None:
    following = Following(descriptor)
    whole = written(descriptor, following, [os.urandom(PIECE) for _ in range(STRIDE // PIECE + 1)])
    assert following.result(len(whole)) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_that_is_given_up_is_followed_no_further(descriptor: int) -> None:
    following = Following(descriptor)
    written(descriptor, following, [bytes(3 * PIECE)])
    following.abandon()
    assert followers() == 0
    os.ftruncate(descriptor, 0)


@pytest.mark.parametrize("size", [1, PIECE, 3 * PIECE])
def test_a_file_that_is_shorter_than_was_told_has_no_hash(descriptor: int, size: int) -> None:
    following = Following(descriptor)
    following.grown_to(size)
    with pytest.raises(OSError, match="the file ends before its byte"):
        following.result(size)
    assert followers() == 0


def test_the_start_of_storing_changes_nothing_in_the_file(descriptor: int, path: Path) -> None:
    os.write(descriptor, b"1" * 9000)
    begin_to_store(descriptor, 0, 9000)
    assert path.read_bytes() == b"1" * 9000
