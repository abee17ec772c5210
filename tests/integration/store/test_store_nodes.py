"""Processes on one PostgreSQL see each other live and die, and hear of each other's news."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from sqlalchemy import Connection, select

from connector.engine.ports_nodes import LinkLost
from connector.store.connecting import session_engine
from connector.store.dialect import tell
from connector.store.nodes import SqlNodes
from connector.store.tables import workers
from tests.databases import HandClock, open_on
from tests.integration.store.pooler import pooler
from tests.ledgers import TTL, Stage, set_stage

pytest_plugins = ("tests.databases",)

SOON_S = 20.0
AT_ONCE_S = 0.0
END = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

Build = Callable[[str], SqlNodes]


@pytest.fixture
def stage(postgres_url: str, clock: HandClock) -> Iterator[Stage]:
    """Give a ledger on PostgreSQL."""
    database = open_on(postgres_url, clock)
    yield set_stage(database, clock)
    database.close()


@pytest.fixture
def build(stage: Stage, postgres_url: str) -> Iterator[Build]:
    """Build a process's view of the others; it has joined."""
    built = []

    def make(owner: str) -> SqlNodes:
        nodes = SqlNodes(stage.database, session_engine(postgres_url), owner)
        assert nodes.join()
        built.append(nodes)
        return nodes

    yield make
    for nodes in built:
        nodes.leave()


def end_sessions(url: str) -> None:
    """End every session that holds a lock, as a restart of the server or a `kill -9` of the client does."""
    with psycopg.connect(url) as conn:
        conn.execute(END)


def known(stage: Stage) -> list[str]:
    """Return the processes that the ledger knows of."""
    query = select(workers.c.id).order_by(workers.c.id)
    return stage.database.read(lambda conn: list(conn.execute(query).scalars()))


def test_what_a_dead_process_held_is_due_at_the_second_look(
    stage: Stage, build: Build, postgres_url: str
) -> None:
    build("dead")
    stage.accept()
    stage.claim("dead")
    end_sessions(postgres_url)
    living = build("living")
    assert (living.bury(), stage.ledger.claim("living", limit=1, ttl_ms=TTL)) == (0, [])
    assert living.bury() == 1
    assert len(stage.ledger.claim("living", limit=1, ttl_ms=TTL)) == 1
    assert known(stage) == ["living"]


def test_what_a_living_process_holds_is_never_freed(stage: Stage, build: Build) -> None:
    one, two = build("one"), build("two")
    stage.accept()
    stage.claim("one")
    assert [nodes.bury() for nodes in (one, two, one, two)] == [0, 0, 0, 0]
    assert known(stage) == ["one", "two"]


def test_a_process_that_takes_its_lock_again_in_time_keeps_what_it_holds(
    stage: Stage, build: Build, postgres_url: str
) -> None:
    one = build("one")
    stage.accept()
    stage.claim("one")
    assert one.hear(SOON_S) == {"posts"}
    end_sessions(postgres_url)
    two = build("two")
    assert two.bury() == 0
    with pytest.raises(LinkLost):
        one.hear(SOON_S)
    assert one.join()
    assert [two.bury(), two.bury()] == [0, 0]
    assert known(stage) == ["one", "two"]


def test_a_process_that_lost_its_lock_buries_nobody_before_it_has_it_again(
    build: Build, postgres_url: str
) -> None:
    one = build("one")
    end_sessions(postgres_url)
    for _ in range(2):
        with pytest.raises(LinkLost):
            one.bury()
    assert one.join()
    assert one.bury() == 0


def test_a_process_that_was_taken_for_dead_is_seen_again(
    stage: Stage, build: Build, postgres_url: str
) -> None:
    one = build("one")
    end_sessions(postgres_url)
    two = build("two")
    two.bury()
    two.bury()
    assert known(stage) == ["two"]
    assert one.join()
    assert known(stage) == ["one", "two"]


def test_a_name_that_is_taken_is_not_taken_twice(stage: Stage, build: Build, postgres_url: str) -> None:
    build("one")
    with pytest.raises(LinkLost):
        SqlNodes(stage.database, session_engine(postgres_url), "one").join()


def test_who_leaves_gives_back_what_it_holds(stage: Stage, build: Build) -> None:
    one = build("one")
    stage.accept()
    stage.claim("one")
    one.leave()
    assert known(stage) == []
    assert len(stage.ledger.claim("two", limit=1, ttl_ms=TTL)) == 1


def test_all_hear_of_a_post_once_it_is_committed(stage: Stage, build: Build) -> None:
    one, two = build("one"), build("two")
    assert one.hear(AT_ONCE_S) == frozenset()
    stage.accept()
    assert [nodes.hear(SOON_S) for nodes in (one, two)] == [{"posts"}, {"posts"}]


def test_nothing_is_heard_of_what_was_taken_back(stage: Stage, build: Build) -> None:
    one = build("one")

    def fail(conn: Connection) -> None:
        tell(conn, "posts")
        raise InterruptedError

    with pytest.raises(InterruptedError):
        stage.database.write(fail)
    assert one.hear(AT_ONCE_S) == frozenset()


def test_nobody_is_linked_where_there_is_no_server(stage: Stage) -> None:
    nowhere = SqlNodes(stage.database, session_engine("postgresql://x@127.0.0.1:9/x"), "one")
    for use in (nowhere.join, nowhere.bury, lambda: nowhere.hear(AT_ONCE_S)):
        with pytest.raises(LinkLost):
            use()


def test_nobody_is_linked_through_a_pooler(stage: Stage, postgres_url: str) -> None:
    with pooler(postgres_url) as url:
        nodes = SqlNodes(stage.database, session_engine(url), "pooled")
        assert not nodes.join()
        nodes.leave()
    assert known(stage) == []
