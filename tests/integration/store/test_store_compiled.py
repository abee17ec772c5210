"""Statements that the driver runs by itself: the same values, rows and errors as by SQLAlchemy's own way."""

from collections.abc import Mapping

import psycopg
import pytest
from sqlalchemy import (
    Boolean,
    Connection,
    LargeBinary,
    bindparam,
    func,
    insert,
    literal,
    null,
    select,
    text,
    update,
)
from sqlalchemy.exc import CompileError, IntegrityError

from connector.domain.lifecycle import AttemptState
from connector.store.compiled import Compiled
from connector.store.database import Database
from connector.store.dialect import one_of
from connector.store.errors import CommitUnknownError
from connector.store.postgresql import TRIES, PostgresDatabase
from connector.store.tables import attempts, workspaces
from tests.ledgers import Stage

pytest_plugins = ("tests.databases", "tests.ledgers")

OF_ATTEMPTS = Compiled(select(attempts).order_by(attempts.c.id))
ADD_WORKSPACE = Compiled(insert(workspaces), ["id", "name", "created_at"])
WORK = {"id": "x", "name": "Zoë 🌻", "created_at": 9_000_000_000_000}


def names(database: Database) -> list[str]:
    """Return the names of the workspaces."""
    query = select(workspaces.c.name).order_by(workspaces.c.id)
    return list(database.read(lambda conn: conn.execute(query).scalars().all()))


def test_a_row_is_what_core_makes_of_it(stage: Stage) -> None:
    stage.open_gate(stage.begun())
    ours = stage.database.read(OF_ATTEMPTS.rows)
    core = stage.database.read(lambda conn: conn.execute(select(attempts)).mappings().all())
    assert ours == [dict(row) for row in core]
    assert [list(map(type, row.values())) for row in ours] == [list(map(type, row.values())) for row in core]


@pytest.mark.parametrize("said", [True, False])
def test_truth_goes_in_and_comes_out_as_truth(stage: Stage, said: bool) -> None:
    claim = stage.open_gate(stage.begun())
    write = Compiled(
        update(attempts).where(attempts.c.post_id == bindparam("its_post")).returning(attempts),
        ["final_chunk_started"],
    )
    given = {"its_post": claim.post.id, "final_chunk_started": said}
    row = stage.database.write(lambda conn: write.first(conn, given))
    assert row is not None
    assert row["final_chunk_started"] is said
    (kept,) = stage.database.read(OF_ATTEMPTS.rows)
    assert kept["final_chunk_started"] is said


def test_values_of_every_kind_have_the_type_that_core_gives_them(database: Database) -> None:
    query = select(
        literal(value=True, type_=Boolean).label("truth"),
        literal(b"\x00box", LargeBinary).label("box"),
        literal(2**40).label("number"),
        null().label("unknown"),
    )
    ours = database.read(Compiled(query).rows)
    core = database.read(lambda conn: [dict(row) for row in conn.execute(query).mappings()])
    assert ours == core
    assert [type(value) for value in ours[0].values()] == [type(value) for value in core[0].values()]


def test_it_says_how_many_rows_it_has_written(database: Database) -> None:
    assert database.write(lambda conn: ADD_WORKSPACE.run(conn, WORK)) == 1
    rename = Compiled(update(workspaces).where(workspaces.c.id == bindparam("its_id")), ["name"])

    def renamed(which: str) -> int:
        return database.write(lambda conn: rename.run(conn, {"its_id": which, "name": "Own"}))

    assert (renamed("x"), renamed("y")) == (1, 0)
    assert names(database) == ["Own"]


def test_what_the_statement_says_itself_need_not_be_given(stage: Stage) -> None:
    claim = stage.begun()
    sending = attempts.c.state == AttemptState.SENDING
    mine = Compiled(select(attempts.c.id).where(attempts.c.post_id == bindparam("its_post"), sending))
    row = stage.database.read(lambda conn: mine.first(conn, {"its_post": claim.post.id}))
    assert row == {"id": "gate-1"}


def test_a_value_that_is_missing_is_an_error_and_nothing_is_written(database: Database) -> None:
    with pytest.raises(Exception, match="created_at"):
        database.write(lambda conn: ADD_WORKSPACE.run(conn, {"id": "x", "name": "X"}))
    assert names(database) == []


def test_one_that_takes_a_list_of_any_length_cannot_be_compiled(database: Database) -> None:
    listing = Compiled(select(workspaces.c.id).where(workspaces.c.id.in_(["a", "b"])))
    with pytest.raises(CompileError, match="takes a list"):
        database.read(listing.rows)
    spelt = Compiled(select(workspaces.c.id).where(one_of(workspaces.c.id, ["a", "b"])))
    assert database.read(spelt.rows) == []


def test_one_may_be_made_for_each_dialect(database: Database) -> None:
    named = Compiled(lambda dialect: select(literal(dialect).label("name")))
    dialect = database.read(lambda conn: conn.dialect.name)
    assert database.read(named.rows) == [{"name": dialect}]


def test_a_guard_of_the_schema_is_told_as_core_tells_it(database: Database) -> None:
    database.write(lambda conn: ADD_WORKSPACE.run(conn, WORK))
    with pytest.raises(IntegrityError) as failed:
        database.write(lambda conn: ADD_WORKSPACE.run(conn, WORK))
    assert str(WORK["name"]) not in str(failed.value)
    assert names(database) == [WORK["name"]]


def test_what_fails_half_way_leaves_nothing(database: Database) -> None:
    def half_way(conn: Connection) -> None:
        ADD_WORKSPACE.run(conn, WORK)
        raise ValueError("after a write")

    with pytest.raises(ValueError, match="after a write"):
        database.write(half_way)
    assert names(database) == []


def end_sessions(url: str) -> None:
    """End all other sessions of a database from the server's side, as a restart does."""
    others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f"{others} AND datname = current_database()".encode())


ONE = Compiled(select(func.count().label("n")).select_from(workspaces))


def many_sessions(database: Database) -> None:
    """Have the pool hold five connections."""

    def deeper(depth: int) -> Mapping[str, object] | None:
        return database.read(lambda conn: deeper(depth - 1) if depth else ONE.first(conn))

    deeper(4)


@pytest.mark.parametrize("way", ["read", "each", "write"])
def test_a_restart_of_the_server_is_not_noticed_by_who_comes_after_it(postgres_url: str, way: str) -> None:
    database = PostgresDatabase(postgres_url)
    many_sessions(database)
    end_sessions(postgres_url)
    assert getattr(database, way)(ONE.first) == {"n": 0}
    database.close()


def test_a_session_that_breaks_in_a_transaction_costs_one_more_run(postgres_url: str) -> None:
    database, runs = PostgresDatabase(postgres_url), []

    def break_once(conn: Connection) -> int:
        runs.append(1)
        wrote = ADD_WORKSPACE.run(conn, WORK)
        if len(runs) == 1:
            session = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with psycopg.connect(postgres_url) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [session])
            ONE.first(conn)
        return wrote

    assert database.write(break_once) == 1
    assert (len(runs), names(database)) == (2, [WORK["name"]])
    database.close()


def test_who_may_have_been_heard_is_not_told_that_nothing_was_stored(postgres_url: str) -> None:
    database, runs = PostgresDatabase(postgres_url), []

    def break_each(conn: Connection) -> None:
        runs.append(1)
        session = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with psycopg.connect(postgres_url) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [session])
        ONE.first(conn)

    with pytest.raises(CommitUnknownError):
        database.each(break_each)
    assert len(runs) == TRIES
    database.close()


def test_each_statement_of_each_is_durable_by_itself(postgres_url: str) -> None:
    database = PostgresDatabase(postgres_url)

    def half_way(conn: Connection) -> None:
        ADD_WORKSPACE.run(conn, WORK)
        raise ValueError("after a write")

    with pytest.raises(ValueError, match="after a write"):
        database.each(half_way)
    assert names(database) == [WORK["name"]]
    database.close()
