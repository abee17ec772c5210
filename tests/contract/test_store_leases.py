"""Leases that end before their time because their holder is dead, in every table that is leased."""

from sqlalchemy import Table, insert, select

from connector.domain.lifecycle import State
from connector.engine.model import Change
from connector.engine.ports_hooks import Arrival
from connector.store.inbox import SqlInbox
from connector.store.leases import expire, leased_tables
from connector.store.tables import deliveries, events, grants, posts, webhook_inbox
from tests.ledgers import IDS, TTL, Stage

pytest_plugins = ("tests.databases", "tests.ledgers")

ARRIVAL = Arrival(digest="d", client_key="aw1", event="e", open_id=None, publish_id=None, body=b"{}")


def hold_one_of_each(stage: Stage, owner: str) -> None:
    """Let `owner` hold a row of every table that is leased."""
    stage.accept()
    stage.ledger.claim(owner, limit=1, ttl_ms=TTL)
    assert stage.grants.take("grant-a", owner, ttl_ms=TTL)
    inbox = SqlInbox(stage.database, ids=IDS)
    inbox.keep(ARRIVAL)
    assert inbox.claim(owner, limit=1, ttl_ms=TTL)
    event = {"id": 99, "workspace_id": "w", "kind": "k", "payload": "{}", "at": 1}
    held = {"next_at": stage.clock.now() + TTL, "lease": "token", "owner": owner}
    row = {"id": "one", "event_id": 99, "endpoint": "e", "payload": "{}", "state": "due", "tries": 0}
    stage.database.write(
        lambda conn: (
            conn.execute(insert(events).values(event)),
            conn.execute(insert(deliveries).values({**row, "created_at": 1, **held})),
        )
    )


def due(stage: Stage, table: Table) -> bool:
    """Tell whether a leased row of a table is due now."""
    mine = select(table.c.next_at).where(table.c.lease.is_not(None))
    next_at = int(stage.database.read(lambda conn: conn.execute(mine).scalar_one()))
    return next_at <= stage.clock.now()


def test_every_table_that_is_leased_is_known() -> None:
    assert {posts, grants, webhook_inbox, deliveries} <= set(leased_tables())


def test_a_dead_owner_s_leases_end_in_every_table(stage: Stage) -> None:
    hold_one_of_each(stage, "dead")
    ended = stage.database.write(lambda conn: expire(conn, stage.clock.now(), ["dead", "nobody"]))
    assert ended == 4
    assert all(due(stage, table) for table in (posts, grants, webhook_inbox, deliveries))


def test_the_leases_of_others_stay(stage: Stage) -> None:
    hold_one_of_each(stage, "alive")
    assert stage.database.write(lambda conn: expire(conn, stage.clock.now(), ["dead"])) == 0
    assert not any(due(stage, table) for table in (posts, grants, webhook_inbox, deliveries))


def test_what_is_not_leased_keeps_its_schedule(stage: Stage) -> None:
    stage.accept()
    claim = stage.claim("dead")
    stage.ledger.release(claim.lease, next_at=stage.clock.now() + 1)
    assert stage.database.write(lambda conn: expire(conn, stage.clock.now(), None)) == 0


def test_an_owner_that_lives_after_all_renews_what_nobody_has_taken(stage: Stage) -> None:
    stage.accept()
    claim = stage.claim("slow")
    stage.database.write(lambda conn: expire(conn, stage.clock.now(), ["slow"]))
    assert stage.ledger.renew([claim.lease], ttl_ms=TTL) == frozenset()
    assert stage.ledger.claim("heir", limit=1, ttl_ms=TTL) == []
    assert stage.ledger.save(claim.lease, Change(state=State.FETCHING)).state is State.FETCHING
