"""One suite for every spool: the folder on this disk, and the bucket of a real S3 server."""

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from connector.domain.storage import Bucket
from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError
from connector.media.locks import FolderLocks
from connector.media.objects import PIECE, Credentials, ObjectSpool, open_bucket
from connector.media.spool import AnySpool, Spool

pytest_plugins = ("tests.buckets",)

KEYS = Credentials(key_id="test", secret="test")
NOBODY = "0" * 64
LARGE = os.urandom(2 * PIECE + 12_345)


def bucket_spool(root: Path, endpoint: str, name: str) -> ObjectSpool:
    """Open a spool in a bucket."""
    store = open_bucket(Bucket(name=name, prefix="media/here", endpoint=endpoint), KEYS)
    return ObjectSpool(root, store, SystemClock(), FolderLocks(root / "locks"))


@pytest.fixture(params=["folder", "bucket"])
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> AnySpool:
    """Each of them in turn, empty."""
    if request.param == "folder":
        return Spool(tmp_path / "media")
    endpoint, name = request.getfixturevalue("s3_endpoint"), request.getfixturevalue("bucket")
    return bucket_spool(tmp_path / "media", str(endpoint), str(name))


def keep(spool: AnySpool, data: bytes) -> str:
    """Put bytes into a spool."""
    with spool.receive() as incoming:
        incoming.write(data)
        return incoming.keep()


def read(spool: AnySpool, media_id: str, first: int, size: int) -> bytes:
    """Read a part, first a few bytes, then in small pieces as a slow reader does, then the rest at once."""
    reading = spool.blob(media_id).open(first, size)
    found = reading.read(3) + reading.read(100_000) + reading.read()
    assert reading.read(1) == b""
    reading.close()
    return found


def test_a_spool_that_can_be_used_says_so_and_keeps_nothing_of_it(spool: AnySpool) -> None:
    spool.check()
    assert list(spool.stored()) == []


def test_a_file_is_kept_under_its_hash_and_read_back_whole(spool: AnySpool) -> None:
    media_id = keep(spool, LARGE)
    assert media_id == hashlib.sha256(LARGE).hexdigest()
    assert read(spool, media_id, 0, len(LARGE)) == LARGE
    spool.verify(media_id)


@pytest.mark.parametrize(
    ("first", "size"), [(0, 1), (len(LARGE) - 1, 1), (PIECE - 1, 2), (1000, PIECE), (5, 2 * PIECE)]
)
def test_a_part_is_those_bytes_and_no_other(spool: AnySpool, first: int, size: int) -> None:
    assert read(spool, keep(spool, LARGE), first, size) == LARGE[first : first + size]


def test_the_same_file_is_kept_once(spool: AnySpool) -> None:
    assert keep(spool, b"same") == keep(spool, b"same")
    assert [(name, size) for name, size, _ in spool.stored()] == [(hashlib.sha256(b"same").hexdigest(), 4)]


def test_what_is_not_kept_leaves_nothing(spool: AnySpool, tmp_path: Path) -> None:
    with spool.receive() as incoming:
        incoming.write(b"half")
    assert list(spool.stored()) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_nothing_is_left_on_the_way_of_what_is_kept(spool: AnySpool, tmp_path: Path) -> None:
    keep(spool, b"whole")
    assert list((tmp_path / "media" / "incoming").iterdir()) == []


def test_a_file_of_this_disk_is_adopted_and_stays(spool: AnySpool, tmp_path: Path) -> None:
    there = tmp_path / "media" / "part"
    there.write_bytes(b"came in parts")
    with spool.adopt(there) as incoming:
        media_id = incoming.keep()
    assert read(spool, media_id, 0, 13) == b"came in parts"
    assert there.read_bytes() == b"came in parts"


def test_a_sweep_spares_a_file_that_is_being_adopted(spool: AnySpool, tmp_path: Path) -> None:
    there = tmp_path / "media" / "part"
    there.write_bytes(b"came in parts")
    with spool.adopt(there) as incoming:
        assert spool.sweep_incoming() == 0
        assert read(spool, incoming.keep(), 0, 13) == b"came in parts"


def test_an_adoption_that_died_is_swept_and_can_be_done_anew(spool: AnySpool, tmp_path: Path) -> None:
    there, left_over = tmp_path / "media" / "part", tmp_path / "media" / "incoming" / "part"
    there.write_bytes(b"came in parts")
    left_over.hardlink_to(there)
    assert spool.sweep_incoming() == 1
    left_over.hardlink_to(there)
    with spool.adopt(there) as incoming:
        assert read(spool, incoming.keep(), 0, 13) == b"came in parts"
    assert there.read_bytes() == b"came in parts"


def test_a_file_is_lent_to_what_needs_one_on_this_disk(spool: AnySpool) -> None:
    media_id = keep(spool, LARGE)
    with spool.local(media_id) as path:
        assert path.read_bytes() == LARGE
    assert read(spool, media_id, 0, 10) == LARGE[:10]


@pytest.mark.parametrize("media_id", [NOBODY, "../../etc/passwd", "", "ab"])
def test_a_file_that_is_not_there_is_told_as_gone(spool: AnySpool, media_id: str) -> None:
    keep(spool, b"another")
    for look in (spool.blob, spool.verify, lambda name: spool.local(name).__enter__()):
        with pytest.raises(PostrailError, match="media_gone"):
            look(media_id)


def test_files_that_are_held_are_told_missing_or_kept_until_they_are_let_go(spool: AnySpool) -> None:
    media_id = keep(spool, b"held")
    with ThreadPoolExecutor(1) as pool:
        with spool.held([media_id, NOBODY]) as gone:
            assert gone == {NOBODY}
            collecting = pool.submit(spool.collect, media_id, lambda: False)
            assert read(spool, media_id, 0, 4) == b"held"
        assert collecting.result(30) == 4
    with spool.held([media_id]) as gone:
        assert gone == {media_id}


@pytest.mark.parametrize(("needed", "went"), [(True, 0), (False, 5)])
def test_what_is_needed_is_not_collected(spool: AnySpool, needed: bool, went: int) -> None:
    media_id = keep(spool, b"12345")
    assert spool.collect(media_id, lambda: needed) == went
    assert [name for name, _, _ in spool.stored()] == ([media_id] if needed else [])
    assert spool.collect(NOBODY, lambda: False) == 0


def test_what_came_is_told_with_its_time(spool: AnySpool) -> None:
    before = SystemClock().now()
    keep(spool, b"timed")
    ((_, _, came),) = spool.stored()
    assert before - 1000 <= came <= SystemClock().now() + 1000


Break = Callable[[ObjectSpool, str], None]


@pytest.fixture
def here(tmp_path: Path, s3_endpoint: str, bucket: str) -> ObjectSpool:
    """A spool in a bucket."""
    return bucket_spool(tmp_path / "media", s3_endpoint, bucket)


def problem_of(error: pytest.ExceptionInfo[PostrailError]) -> tuple[str, str]:
    """Return the code and the problem's word."""
    return error.value.code, error.value.details[0].problem


def test_an_object_that_was_swapped_is_found_out(here: ObjectSpool, s3_endpoint: str, bucket: str) -> None:
    media_id = keep(here, b"original")
    store = open_bucket(Bucket(name=bucket, prefix="media/here", endpoint=s3_endpoint), KEYS)
    store.put(f"{media_id[:2]}/{media_id}", b"swapped!")
    with pytest.raises(PostrailError, match="media_changed"):
        here.verify(media_id)


def test_an_object_that_goes_while_it_is_read_breaks_the_reading_off(here: ObjectSpool) -> None:
    media_id = keep(here, LARGE)
    reading = here.blob(media_id).open(0, len(LARGE))
    assert reading.read(10) == LARGE[:10]
    here.collect(media_id, lambda: False)
    with pytest.raises(OSError, match="storage broke off"):
        reading.read()


def test_a_bucket_that_is_not_there_is_told_as_that(tmp_path: Path, s3_endpoint: str) -> None:
    spool = bucket_spool(tmp_path, s3_endpoint, "nobodys-bucket")
    for use in (spool.check, lambda: keep(spool, b"x"), lambda: list(spool.stored())):
        with pytest.raises(PostrailError) as refused:
            use()
        assert problem_of(refused) == ("media_storage_failed", "storage_missing")


def test_an_endpoint_that_does_not_answer_is_told_as_that(tmp_path: Path) -> None:
    spool = bucket_spool(tmp_path, "http://127.0.0.1:9", "bucket")
    with pytest.raises(PostrailError) as refused:
        spool.check()
    assert problem_of(refused) == ("media_storage_failed", "storage_unreachable")
