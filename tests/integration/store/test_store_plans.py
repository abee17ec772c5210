"""How the databases find their rows among 100,000: by an index, never by reading a table from end to end."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import psycopg
import pytest
from sqlalchemy import Connection, Dialect, Engine, event, text

from connector.engine.model import Lease, Post
from connector.engine.ports_sweeping import START
from connector.store.database import Database
from connector.store.inbox import SqlInbox
from connector.store.leases import expire
from tests.databases import HandClock, open_on
from tests.ledgers import IDS, TTL, Stage, set_stage

pytest_plugins = ("tests.databases",)

DAY = 86_400_000
BIG = (
    "posts",
    "post_content",
    "attempts",
    "journal",
    "events",
    "idempotency",
    "webhook_inbox",
    "accounts",
    "swept_tasks",
)
"""The tables that hold so many rows."""

NUMBERS = {
    "postgresql": "SELECT n FROM generate_series(1, 100000) AS n",
    "sqlite": """WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 100000)
    SELECT n FROM s""",
}
FILL = (
    """INSERT INTO posts (id, workspace_id, account_id, operation, kind, mode, transfer, state, version,
    next_at, lease, owner, wake_seq, wake_seen, tries, public_ids, input_hash, created_at, updated_at, app_id)
    SELECT 'post_' || n, 'w', 'a', 'post_video', 'video', 'direct', 'upload', 'queued', 0,
    :later + n, CASE WHEN n <= 50 THEN 'lease' || n END, CASE WHEN n <= 50 THEN 'owner' || (n % 5) END,
    0, 0, 0, '[]', 'c0ffee' || n, n, 1, 'app' FROM ({numbers}) AS numbers""",
    """INSERT INTO post_content (post_id, input, receipt, media)
    SELECT 'post_' || n, '{{}}', '{{}}', '[]' FROM ({numbers}) AS numbers""",
    """INSERT INTO idempotency
    (workspace_id, operation, key, input_hash, post_id, receipt, created_at, expires_at)
    SELECT 'w', 'post_video', 'k' || n, 'c0ffee', 'post_' || n, '{{}}', 1, :later + n
    FROM ({numbers}) AS numbers""",
    """INSERT INTO attempts (id, post_id, account_id, number, state, transfer, publish_id, uploaded,
    final_chunk_started, created_at)
    SELECT 'gate_' || n, 'post_' || n, 'a', 1, 'rejected', 'upload', 'pub_' || n, 0, false, n
    FROM ({numbers}) AS numbers""",
    """INSERT INTO journal (post_id, call, at, decision)
    SELECT 'post_' || n, 'c', 1, 'd' FROM ({numbers}) AS numbers""",
    """INSERT INTO events (workspace_id, kind, post_id, account_id, payload, at)
    SELECT 'w', 'post_state_changed', 'post_' || n, 'a', '{{}}', 1 FROM ({numbers}) AS numbers""",
    """INSERT INTO accounts
    (id, workspace_id, open_id, union_id, username, paced, sandbox, created_at, updated_at)
    SELECT 'acc_' || n, 'w', 'open_' || n, 'union_' || n, 'name_' || n, true, false, 1, 1
    FROM ({numbers}) AS numbers""",
    """INSERT INTO swept_tasks (publish_id, swept_at) SELECT 'gone_' || n, 1 FROM ({numbers}) AS numbers""",
    """INSERT INTO webhook_inbox (digest, client_key, event, body, received_at, tries, handled_at)
    SELECT 'd' || n, 'aw1', 'e', '{{}}', :later, 0, :later + n FROM ({numbers}) AS numbers""",
    "UPDATE posts SET next_at = 1 WHERE id IN ('post_7', 'post_77')",
    """UPDATE posts SET state = 'published_public', next_at = NULL, settled_at = created_at,
    publish_id = 'pub_' || created_at WHERE created_at > 50000""",
    "UPDATE posts SET state = 'unconfirmed' WHERE id IN ('post_8', 'post_88', 'post_888')",
    "ANALYZE",
)
"""As many that are due far in the future as have settled, a few that somebody holds, two that are due now."""

USES: Mapping[str, Callable[[Stage], object]] = {
    "claim": lambda stage: stage.ledger.claim("me", limit=2, ttl_ms=TTL),
    "take": lambda stage: stage.ledger.take("post_99", "me", ttl_ms=TTL),
    "renew": lambda stage: stage.ledger.renew(
        [Lease(post_id=f"post_{n}", token=f"lease{n}", owner="me") for n in range(1, 9)], ttl_ms=TTL
    ),
    "hand over": lambda stage: stage.ledger.hand_over(
        Lease(post_id="post_7", token="lease7", owner=""), "me", ttl_ms=TTL
    ),
    "look at what is under way": lambda stage: stage.ledger.still_held(
        [Lease(post_id=f"post_{n}", token=f"lease{n}", owner="me") for n in range(1, 9)]
    ),
    "next_due": lambda stage: stage.ledger.next_due(),
    "look at those who wait": lambda stage: stage.ledger.versions([f"post_{n}" for n in range(9)]),
    "end the leases of the dead": lambda stage: stage.database.write(
        lambda conn: expire(conn, stage.clock.now(), ["owner1", "owner2"])
    ),
    "end all leases": lambda stage: stage.ledger.release_all(),
    "claim webhooks": lambda stage: SqlInbox(stage.database, ids=IDS).claim("me", limit=2, ttl_ms=TTL),
    "sweep keys": lambda stage: stage.ledger.sweep_keys(START),
    "sweep webhooks": lambda stage: stage.ledger.sweep_webhooks(START),
    "sweep posts": lambda stage: stage.ledger.sweep_posts(START, life_ms=30 * DAY),
    "ask whether a post was swept": lambda stage: stage.ledger.was_swept("gone_9"),
    "find who has a public id": lambda stage: stage.ledger.holder(post_of(stage), "76", since=99_900),
    "count what waits for a person": lambda stage: stage.ledger.waiting("w"),
    "count the accounts of an app": lambda stage: stage.apps.active_accounts("app", 99_900),
    "find an account": lambda stage: stage.access.meant("w", "@name_7"),
    "take what is in doubt of an account": lambda stage: stage.ledger.claim_doubtful(
        "a", "me", limit=100, ttl_ms=TTL
    ),
    "look at what was sent for an account": lambda stage: stage.ledger.around("a", 99_900),
    "find": lambda stage: stage.ledger.post("w", "post_5"),
}


def post_of(stage: Stage) -> Post:
    """Return one of the posts."""
    found = stage.ledger.post("w", "post_99")
    assert found is not None
    return found


def in_transaction(database: Database, *statements: str, **values: object) -> None:
    """Run statements of this module."""

    def run(conn: Connection) -> None:
        for statement in statements:
            named = statement.format(numbers=NUMBERS[conn.dialect.name])
            conn.execute(text(named), {name: values[name] for name in values if f":{name}" in named})

    database.write(run)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Give a ledger with many rows on each database in turn."""
    clock = HandClock()
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("plans") / "ledger.db"
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        urls = iter([f"sqlite:///{path}"])
    else:
        server = request.getfixturevalue("postgres_server")
        urls = server.fresh(request.getfixturevalue("postgres_template"))
    event.listen(Engine, "do_connect", have_noted)
    database = open_on(next(urls), clock)
    made = set_stage(database, clock)
    in_transaction(database, *FILL, later=clock.now() + DAY)
    yield made
    event.remove(Engine, "do_connect", have_noted)
    database.close()
    for _ in urls:
        pass


RUN: list[tuple[str, Any]] = []
"""The statements on the big tables that were run, each with its values."""

STARTS = ("SELECT", "UPDATE", "DELETE", "WITH")


def note(statement: object, values: Any) -> None:  # noqa: ANN401 - whatever a driver takes
    """Note a statement that a driver is about to run."""
    if isinstance(statement, str) and statement.startswith(STARTS) and any(name in statement for name in BIG):
        RUN.append((statement, values))


class NotedOnSqlite(sqlite3.Cursor):
    """A cursor that notes what it runs."""

    def execute(self, sql: str, values: Any = (), /) -> Self:  # noqa: ANN401 - whatever a driver takes
        """Note it and run it."""
        note(sql, values)
        return super().execute(sql, values)


class SqliteConnection(sqlite3.Connection):
    """A connection whose cursors note what they run."""

    def cursor(self, factory: Any = NotedOnSqlite) -> Any:  # noqa: ANN401 - as the driver has it
        """Return such a cursor."""
        return super().cursor(factory)

    def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:  # noqa: ANN401 - whatever a driver takes
        """Run it on such a cursor."""
        found: sqlite3.Cursor = self.cursor().execute(sql, values)
        return found


class NotedOnPostgresql(psycopg.Cursor[Any]):
    """A cursor that notes what it runs."""

    def execute(self, query: Any, params: Any = None, **how: Any) -> Self:  # noqa: ANN401 - as the driver has it
        """Note it and run it."""
        note(query, params)
        return super().execute(query, params, **how)


def have_noted(dialect: Dialect, _record: object, _words: object, options: dict[str, Any]) -> None:
    """Let connections that are opened from now on note what they run."""
    if dialect.name == "sqlite":
        options["factory"] = SqliteConnection
    else:
        options["cursor_factory"] = NotedOnPostgresql


def noted(act: Callable[[], object]) -> list[tuple[str, Any]]:
    """Return the statements on the big tables that `act` runs."""
    RUN.clear()
    act()
    return list(RUN)


def scans_of_sqlite(conn: Connection, statement: str, values: Any) -> list[str]:  # noqa: ANN401 - as noted
    """Return the steps of a plan that read a table from end to end."""
    steps = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    told = [str(step.detail) for step in steps]
    return [step for step in told if step.startswith("SCAN") and step.split()[1] in BIG]


def scans_of_postgresql(conn: Connection, statement: str, values: Mapping[str, object]) -> list[str]:
    """Return the same, of the plan that is kept for a statement once it is prepared."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    numbered = re.sub(r"%\((\w+)\)s", lambda found: f"${names.index(found.group(1)) + 1}", statement)
    given = ", ".join(literal(values[name]) for name in names)
    conn.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
    conn.exec_driver_sql(f"PREPARE asked AS {numbered}")
    plan = conn.exec_driver_sql(f"EXPLAIN (FORMAT JSON) EXECUTE asked{f'({given})' if given else ''}")
    found = plan.scalar_one()
    conn.exec_driver_sql("DEALLOCATE asked")
    return list(steps_of(found[0]["Plan"]))


def literal(value: object) -> str:
    """Spell a value in SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return f"ARRAY[{', '.join(map(literal, value))}]"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def steps_of(plan: Mapping[str, Any]) -> Iterator[str]:
    """Yield the sequential scans of big tables in a plan."""
    if plan["Node Type"] == "Seq Scan" and plan["Relation Name"] in BIG:
        yield f"Seq Scan on {plan['Relation Name']}"
    for inner in plan.get("Plans", ()):
        yield from steps_of(inner)


@pytest.mark.parametrize("use", USES)
def test_no_table_is_read_from_end_to_end(stage: Stage, use: str) -> None:
    statements = noted(lambda: USES[use](stage))
    assert statements

    def scans(conn: Connection) -> list[tuple[str, list[str]]]:
        explain = scans_of_sqlite if conn.dialect.name == "sqlite" else scans_of_postgresql
        found = [(statement, explain(conn, statement, values)) for statement, values in statements]
        return [(statement, steps) for statement, steps in found if steps]

    assert stage.database.write(scans) == []


@pytest.mark.parametrize(
    ("use", "index"),
    [
        ("take what is in doubt of an account", "ix_posts_doubtful"),
        ("look at what was sent for an account", "ix_attempts_account_id"),
        ("find who has a public id", "ix_attempts_account_id"),
        ("sweep posts", "ix_posts_over"),
        ("sweep posts", "ix_posts_for_a_person"),
        ("count what waits for a person", "ix_posts_for_a_person"),
        ("count the accounts of an app", "ix_posts_taken"),
    ],
)
def test_a_look_at_an_account_reads_no_more_of_its_life_than_it_asks_about(
    stage: Stage, use: str, index: str
) -> None:
    statements = noted(lambda: USES[use](stage))

    def plans(conn: Connection) -> str:
        how = "EXPLAIN QUERY PLAN" if conn.dialect.name == "sqlite" else "EXPLAIN"
        return str([conn.exec_driver_sql(f"{how} {asked}", values).all() for asked, values in statements])

    assert index in stage.database.write(plans)


def test_this_test_would_see_a_table_that_is_read_from_end_to_end(stage: Stage) -> None:
    def scans(conn: Connection) -> list[str]:
        if conn.dialect.name == "sqlite":
            return scans_of_sqlite(conn, "SELECT count(*) FROM posts WHERE tries = ?", (3,))
        return scans_of_postgresql(conn, "SELECT count(*) FROM posts WHERE tries = %(n)s", {"n": 3})

    assert stage.database.write(scans)
