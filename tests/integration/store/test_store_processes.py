"""The ledger between processes: what was acknowledged survives `kill -9`, and twins are one post."""

import subprocess
import sys
from pathlib import Path

from sqlalchemy import func, select

from connector.store.tables import idempotency, post_content, posts
from tests.databases import HandClock, open_on
from tests.ledgers import set_stage

pytest_plugins = ("tests.databases",)

ROOT = Path(__file__).parents[3]
FOR_EVER = -1


def _start(url: str, name: str, keyed: str, limit: int) -> "subprocess.Popen[str]":
    module = "tests.integration.store.store_writer"
    command = [sys.executable, "-m", module, url, name, keyed, str(limit)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def _prepare(url: str, clock: HandClock) -> None:
    database = open_on(url, clock)
    set_stage(database, clock)
    database.close()


def _kill_after(process: "subprocess.Popen[str]", lines: int) -> list[str]:
    """Kill the process in the middle of its work; return all that it had acknowledged."""
    with process:
        assert process.stdout is not None
        first = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        # A line without an end was cut off by the kill.
        rest = [line for line in process.stdout if line.endswith("\n")]
    return [line.strip() for line in first + rest]


def test_kill_9_loses_nothing_that_was_acknowledged(database_url: str, clock: HandClock) -> None:
    _prepare(database_url, clock)
    acknowledged: list[str] = []
    for turn in range(4):
        acknowledged += _kill_after(_start(database_url, f"turn-{turn}", "own", FOR_EVER), 15 + turn)
    database = open_on(database_url, clock)
    ids = set(database.read(lambda conn: list(conn.execute(select(posts.c.id)).scalars())))
    whole = database.read(
        lambda conn: conn.execute(select(func.count()).select_from(post_content)).scalar_one()
    )
    database.close()
    assert len(acknowledged) >= 66
    assert set(acknowledged) <= ids
    assert whole == len(ids)


def test_twins_in_two_processes_become_one_post(postgres_url: str, clock: HandClock) -> None:
    _prepare(postgres_url, clock)
    twins = [_start(postgres_url, name, "same", 40) for name in ("left", "right", "middle")]
    answers = [twin.communicate(timeout=60)[0].split() for twin in twins]
    assert answers[0] == answers[1] == answers[2]
    database = open_on(postgres_url, clock)
    bound = database.read(lambda conn: list(conn.execute(select(idempotency.c.post_id)).scalars()))
    stored = database.read(lambda conn: list(conn.execute(select(posts.c.id)).scalars()))
    database.close()
    assert sorted(bound) == sorted(stored) == sorted(answers[0])


def test_no_byte_of_the_file_holds_a_token(sqlite_url: str, tmp_path: Path, clock: HandClock) -> None:
    database = open_on(sqlite_url, clock)
    set_stage(database, clock)
    files = [path.read_bytes() for path in tmp_path.glob("ledger.db*")]
    database.close()
    assert any(b"open-a" in content for content in files)
    assert not any(b"act.token" in content for content in files)
