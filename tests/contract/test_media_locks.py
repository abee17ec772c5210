"""The port of locks on media, on each implementation: a folder of this machine, and PostgreSQL."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
import pytest

from connector.engine.ports_storage import MediaLocks
from connector.kernel.errors import PostrailError
from connector.media.locks import FolderLocks
from connector.store.database import open_database
from connector.store.media_locks import locks_of

pytest_plugins = ("tests.databases",)

ONE, OTHER = "11" * 32, "22" * 32


@pytest.fixture(params=["folder", "postgresql"])
def locks(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MediaLocks]:
    """Each of them in turn."""
    if request.param == "folder":
        yield FolderLocks(tmp_path)
        return
    database = open_database(str(request.getfixturevalue("postgres_url")))
    yield locks_of(database)
    database.close()


def hold_alone(locks: MediaLocks, media_id: str, done: Callable[[], None]) -> None:
    """Have a file alone, and say so."""
    with locks.alone(media_id):
        done()


def test_many_share_a_file_and_nobody_has_it_alone_meanwhile(locks: MediaLocks) -> None:
    had = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        with locks.shared([ONE, OTHER]), locks.shared([ONE]):
            waiting = pool.submit(hold_alone, locks, ONE, had.set)
            assert not had.wait(0.2)
        waiting.result(30)
    assert had.is_set()


def test_one_has_a_file_alone_at_a_time(locks: MediaLocks) -> None:
    had = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        with locks.alone(ONE):
            waiting = pool.submit(hold_alone, locks, ONE, had.set)
            assert not had.wait(0.2)
        waiting.result(30)
    assert had.is_set()


def begin_alone(locks: MediaLocks, done: Callable[[], None]) -> None:
    """Begin an upload, and say so."""
    with locks.beginning("w"):
        done()


def test_one_begins_an_upload_of_a_workspace_at_a_time(locks: MediaLocks) -> None:
    had = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        with locks.beginning("w"):
            waiting = pool.submit(begin_alone, locks, had.set)
            assert not had.wait(0.2)
        waiting.result(30)
    assert had.is_set()


def test_who_begins_an_upload_is_in_the_way_of_no_file(locks: MediaLocks) -> None:
    with ThreadPoolExecutor(1) as pool, locks.beginning("w"):
        pool.submit(hold_alone, locks, ONE, lambda: None).result(30)


def test_another_file_is_free(locks: MediaLocks) -> None:
    with ThreadPoolExecutor(1) as pool, locks.alone(ONE):
        pool.submit(hold_alone, locks, OTHER, lambda: None).result(30)


def test_a_lock_ends_with_the_trouble_inside_it(locks: MediaLocks) -> None:
    holds: list[Callable[[], AbstractContextManager[None]]] = [
        lambda: locks.shared([ONE]),
        lambda: locks.alone(ONE),
    ]
    for hold in holds:
        with pytest.raises(ValueError, match="inside"), hold():
            raise ValueError("inside")
    with locks.alone(ONE):
        pass


def test_nothing_is_nothing_to_wait_for(locks: MediaLocks) -> None:
    with locks.alone(ONE), locks.shared([]):
        pass


def test_who_has_lost_a_lock_with_its_connection_is_told(postgres_url: str) -> None:
    database = open_database(postgres_url)
    with (
        psycopg.connect(postgres_url, autocommit=True) as other,
        pytest.raises(PostrailError, match="not_ready"),
        locks_of(database).shared([ONE]),
    ):
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks"
            " WHERE locktype = 'advisory' AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    with locks_of(database).alone(ONE):
        pass
    database.close()


def test_locks_among_machines_want_a_ledger_among_machines(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    with pytest.raises(TypeError):
        locks_of(database)
    database.close()
