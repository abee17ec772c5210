"""Sweeping by processes that die in the middle of a batch, and beside transactions that hold what is old."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select

from connector.domain.lifecycle import State
from connector.engine.model import Change
from connector.engine.ports_sweeping import START, Mark
from connector.store.sweeping import POSTS_AT_ONCE
from connector.store.tables import journal, post_content, posts
from tests.databases import HandClock, open_on
from tests.ledgers import Stage, set_stage
from tests.running import eventually

pytest_plugins = ("tests.databases", "tests.ledgers")

ROOT = Path(__file__).parents[3]
LIFE = 40 * 86_400_000
POSTS = 2 * POSTS_AT_ONCE + 5
LINES = 3
SWEEPER = """
import os, sys
from sqlalchemy import Engine, event
from connector.engine.ports_sweeping import START
from connector.store.ledger import SqlLedger
from tests.databases import HandClock, open_on
from tests.ledgers import IDS

url, now, life, wounded, died_at = sys.argv[1], *map(int, sys.argv[2:4]), *sys.argv[4:]
seen = []

@event.listens_for(Engine, "before_cursor_execute")
def die(_conn, _cursor, statement, *_):
    if statement.startswith(wounded):
        seen.append(statement)
        if len(seen) == int(died_at):
            os.kill(os.getpid(), 9)

ledger, mark = SqlLedger(open_on(url, HandClock(now)), ids=IDS), START
while mark is not None:
    mark = ledger.sweep_posts(mark, life_ms=life).mark
"""
"""A process that sweeps, and is killed as it comes to a statement for the n-th time."""


def fill(stage: Stage) -> None:
    """Have posts that settled long ago, each with its content and a few lines."""
    claim = stage.open_gate(stage.begun())
    stage.ledger.release(claim.lease, next_at=None, change=Change(state=State.PUBLISHED_PUBLIC))

    def copy(conn: Connection) -> None:
        post = dict(conn.execute(select(posts)).mappings().one())
        content = dict(conn.execute(select(post_content)).mappings().one())
        ids = [f"post_{number}" for number in range(1, POSTS)]
        conn.execute(insert(posts), [{**post, "id": one, "publish_id": None} for one in ids])
        conn.execute(insert(post_content), [{**content, "post_id": one} for one in ids])
        lines = [{"post_id": one, "call": "c", "at": 1, "decision": "d"} for one in ids]
        conn.execute(insert(journal), lines * LINES)

    stage.database.write(copy)
    stage.clock.advance(LIFE)


def counts(stage: Stage) -> list[int]:
    """Return how many posts there are, with how many contents, and how many that are whole."""

    def read(conn: Connection) -> list[int]:
        lines = select(journal.c.post_id).group_by(journal.c.post_id).having(func.count() >= LINES)
        of = select(func.count()).select_from(posts)
        both = of.join(post_content, post_content.c.post_id == posts.c.id)
        whole = both.where(posts.c.id.in_(lines))
        contents = select(func.count()).select_from(post_content)
        return [conn.execute(query).scalar_one() for query in (of, contents, whole)]

    return stage.database.read(read)


@pytest.mark.parametrize("wounded", ["DELETE FROM journal", "DELETE FROM posts"])
@pytest.mark.parametrize("batch", [1, 2])
def test_a_process_that_is_killed_in_a_batch_leaves_whole_posts_and_another_goes_on(
    database_url: str, wounded: str, batch: int
) -> None:
    clock = HandClock()
    database = open_on(database_url, clock)
    stage = set_stage(database, clock)
    fill(stage)
    given = [database_url, str(clock.now()), str(LIFE), wounded, str(batch)]
    killed = subprocess.run([sys.executable, "-c", SWEEPER, *given], cwd=ROOT, check=False, timeout=60)
    assert killed.returncode == -9
    left = POSTS - (batch - 1) * POSTS_AT_ONCE
    assert counts(stage) == [left] * 3

    def swept() -> bool:
        # PostgreSQL may take a moment to see that the killed one has gone, with what it held.
        mark = stage.ledger.sweep_posts(START, life_ms=LIFE).mark
        return mark is None and counts(stage) == [0] * 3

    eventually(swept, what="all has been swept")
    database.close()


def test_a_post_that_somebody_holds_is_left_and_nobody_waits(postgres_url: str) -> None:
    clock = HandClock()
    database = open_on(postgres_url, clock)
    stage = set_stage(database, clock)
    fill(stage)
    held, swept = threading.Event(), threading.Event()

    def hold(conn: Connection) -> None:
        conn.execute(select(posts.c.id).where(posts.c.id == "post_7").with_for_update())
        held.set()
        swept.wait(60)

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(database.write, hold)
        try:
            assert held.wait(30)
            mark: Mark | None = START
            while mark is not None:
                mark = stage.ledger.sweep_posts(mark, life_ms=LIFE).mark
        finally:
            swept.set()
        holding.result(30)
    assert counts(stage) == [1] * 3
    assert stage.ledger.sweep_posts(START, life_ms=LIFE).gone == 1
    database.close()
