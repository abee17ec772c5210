"""The ledger's port, what it forgets: what is over goes whole, and nothing else goes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Connection, Table, event, func, insert, select, update

from connector.domain.lifecycle import DONE_WITH_FILES, State
from connector.engine.model import Change, Post
from connector.engine.ports_hooks import Arrival
from connector.engine.ports_sweeping import START, Mark, Swept
from connector.store.inbox import SqlInbox
from connector.store.sweeping import KEPT_MS, POSTS_AT_ONCE, ROWS_AT_ONCE
from connector.store.tables import (
    attempts,
    deliveries,
    events,
    idempotency,
    journal,
    post_content,
    post_files,
    posts,
    webhook_inbox,
)
from tests.ledgers import IDS, NOTE, TTL, Stage, new_grant

pytest_plugins = ("tests.databases", "tests.ledgers")

DAY = 86_400_000
LIFE = 40 * DAY
CHILDREN = (post_content, attempts, idempotency, journal, events, deliveries, post_files)
OVER = sorted(DONE_WITH_FILES)


def settled(stage: Stage, state: State = State.PUBLISHED_PUBLIC, **changes: Any) -> Post:  # noqa: ANN401 - any member of NewPost
    """Have a post that has come to rest in a state after TikTok had accepted it."""
    gate = IDS.new("gate")
    claim = stage.open_gate(stage.begun(gate, **changes), gate, f"task of {gate}")
    if state is State.REMOVED:
        stage.ledger.save(claim.lease, Change(state=State.PUBLISHED_PUBLIC))
    if state is State.INBOX_EXPIRED:
        stage.ledger.save(claim.lease, Change(state=State.INBOX_DELIVERED))
    stage.ledger.release(claim.lease, next_at=None, change=Change(state=state, public_ids=("76",)))
    return claim.post


def to_the_end(step: Callable[[Mark], Swept]) -> int:
    """Sweep until nothing is left to look at; return how many went."""
    gone, mark = 0, START
    while True:
        done = step(mark)
        gone += done.gone
        if done.mark is None:
            return gone
        assert (done.mark.at, done.mark.id) > (mark.at, mark.id)
        mark = done.mark


def sweep_posts(stage: Stage, life_ms: int = LIFE) -> int:
    """Sweep posts; return how many went."""
    return to_the_end(lambda mark: stage.ledger.sweep_posts(mark, life_ms=life_ms))


def count(stage: Stage, table: Table) -> int:
    """Return how many rows a table has."""
    query = select(func.count()).select_from(table)
    return int(stage.database.read(lambda conn: conn.execute(query).scalar_one()))


def write(stage: Stage, *statements: Any) -> None:  # noqa: ANN401 - whatever SQLAlchemy takes
    """Run statements in one transaction."""

    def run(conn: Connection) -> None:
        for statement in statements:
            conn.execute(statement)

    stage.database.write(run)


def owe(stage: Stage, post: Post, next_at: int | None) -> None:
    """Put a delivery of a post's event into the outbox."""
    of_it = select(events.c.id).where(events.c.post_id == post.id).limit(1)
    event_id = stage.database.read(lambda conn: conn.execute(of_it).scalar_one())
    row = {"id": IDS.new("del"), "event_id": event_id, "post_id": post.id, "endpoint": "e", "payload": "{}"}
    write(stage, insert(deliveries).values(**row, state="x", next_at=next_at, tries=0, created_at=0))


def test_what_settled_long_ago_goes_with_all_that_is_known_of_it(stage: Stage) -> None:
    post = settled(stage, idempotency_key="k")
    owe(stage, post, None)
    assert [count(stage, table) > 0 for table in CHILDREN] == [True] * len(CHILDREN)
    stage.clock.advance(LIFE - 1)
    assert sweep_posts(stage) == 0
    stage.clock.advance(1)
    assert sweep_posts(stage) == 1
    assert count(stage, posts) == 0
    assert [count(stage, table) for table in (attempts, idempotency, journal, deliveries, post_files)] == [
        0
    ] * 5
    assert {count(stage, post_content), _events_of_posts(stage)} == {0}


def _events_of_posts(stage: Stage) -> int:
    query = select(func.count()).where(events.c.post_id.is_not(None))
    return int(stage.database.read(lambda conn: conn.execute(query).scalar_one()))


def test_nobody_finds_what_is_gone_and_its_key_is_free(stage: Stage) -> None:
    post = settled(stage, idempotency_key="k")
    task = stage.ledger.attempts(post.id)[0].publish_id
    assert task is not None
    stage.clock.advance(LIFE)
    assert not stage.ledger.was_swept(task)
    sweep_posts(stage)
    assert [stage.ledger.post("w", ref) for ref in (post.id, task)] == [None, None]
    assert (stage.ledger.told_of(task), stage.ledger.gate("gate"), stage.ledger.timeline(post.id)) == (
        None,
        None,
        [],
    )
    assert (stage.ledger.was_swept(task), stage.ledger.was_swept("another")) == (True, False)
    assert stage.accept(idempotency_key="k").id != post.id


def test_of_every_kind_of_post_those_alone_go_that_are_over_and_at_rest(stage: Stage) -> None:
    model = settled(stage)
    stage.clock.advance(2 * LIFE)
    now, old = stage.clock.now(), stage.clock.now() - LIFE
    kinds = product(State, (None, now + DAY), (None, now), (None, "lease"), (None, now, old), (now, old))
    row = stage.database.read(
        lambda conn: dict(conn.execute(select(posts).where(posts.c.id == model.id)).mappings().one())
    )
    given, stays = [], {model.id}
    for number, (state, due, parked, lease, settled_at, updated_at) in enumerate(kinds):
        at = {"next_at": due, "parked_due": parked, "lease": lease, "settled_at": settled_at}
        named = {"id": f"post_{number}", "input_hash": f"{number}", "publish_id": None, "account_id": "b"}
        given.append(
            {**row, **at, **named, "state": state.value, "created_at": old, "updated_at": updated_at}
        )
        is_over = state in DONE_WITH_FILES and settled_at == updated_at == old
        if not is_over or due or parked or lease:
            stays.add(f"post_{number}")
    # What waits for a person keeps what was sent for its account: another test's matter.
    away = {"created_at": 1, "updated_at": 1}
    given = [{**one, **away} if one["state"] in {"held", "unconfirmed"} else one for one in given]
    write(stage, insert(posts).values(given[:500]), insert(posts).values(given[500:]))
    write(stage, update(posts).where(posts.c.id == model.id).values(updated_at=now))
    assert sweep_posts(stage) == len(given) + 1 - len(stays)
    left = stage.database.read(lambda conn: set(conn.execute(select(posts.c.id)).scalars()))
    assert left == stays


@pytest.mark.parametrize("state", OVER)
def test_each_state_that_is_over_is_reached_and_swept(stage: Stage, state: State) -> None:
    settled(stage, state)
    stage.clock.advance(LIFE)
    assert sweep_posts(stage) == 1


def test_a_post_stays_for_as_long_as_its_key_binds(stage: Stage) -> None:
    settled(stage, idempotency_key="k")
    stage.clock.advance(30 * DAY - 1)
    assert sweep_posts(stage, life_ms=0) == 0
    stage.clock.advance(1)
    assert sweep_posts(stage, life_ms=0) == 1


def test_a_post_stays_while_a_delivery_of_its_event_is_owed(stage: Stage) -> None:
    post = settled(stage)
    owe(stage, post, 1)
    stage.clock.advance(LIFE)
    assert sweep_posts(stage) == 0
    write(stage, update(deliveries).values(next_at=None))
    assert sweep_posts(stage) == 1


def told(stage: Stage, task: str | None, digest: str = "d") -> SqlInbox:
    """Keep a webhook about a publish task."""
    inbox = SqlInbox(stage.database, ids=IDS)
    word = Arrival(digest=digest, client_key="aw", event="e", open_id="o", publish_id=task, body=b"{}")
    inbox.keep(word)
    return inbox


def finish(inbox: SqlInbox) -> None:
    """Say of every webhook that is due that it has been acted on."""
    for letter in inbox.claim("me", limit=10, ttl_ms=TTL):
        inbox.finish(letter, "done")


def test_a_post_stays_while_a_webhook_about_it_waits(stage: Stage) -> None:
    post = settled(stage)
    inbox = told(stage, stage.ledger.attempts(post.id)[0].publish_id)
    stage.clock.advance(LIFE)
    assert sweep_posts(stage) == 0
    finish(inbox)
    assert sweep_posts(stage) == 1


@pytest.mark.parametrize("doubt", [State.UNCONFIRMED, State.HELD])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_what_was_sent_for_an_account_near_a_post_in_doubt_stays_with_it(
    stage: Stage, doubt: State, elsewhere: bool
) -> None:
    """A video that is known to be one post's must not be taken for the other."""
    if elsewhere:
        stage.access.add_workspace("other", "Other")
        stage.grants.connect(new_grant("c", workspace_id="other", open_id="open-a"))
    post = settled(stage)
    where = {"account_id": "c", "workspace_id": "other"} if elsewhere else {}
    doubted = settled(stage, doubt, input_hash="0" * 64, **where)
    far = settled(stage, account_id="b")
    stage.clock.advance(15 * DAY)
    late = settled(stage)
    stage.clock.advance(LIFE)
    assert sweep_posts(stage) == 2
    assert [stage.ledger.post("w", one.id) is None for one in (post, far, late)] == [False, True, True]
    known = {"state": "published_public", "settled_at": doubted.created_at}
    write(stage, update(posts).where(posts.c.id == doubted.id).values(known))
    assert sweep_posts(stage) == 2


@pytest.mark.parametrize(
    ("state", "twin", "stays"),
    [
        (State.PUBLISHED_PUBLIC, State.FAILED, True),
        (State.INBOX_DELIVERED, State.FAILED, True),
        (State.PUBLISHED_PUBLIC, State.PUBLISHED_PUBLIC, False),
        (State.FAILED, State.FAILED, False),
    ],
)
def test_the_twin_stays_of_a_post_that_may_be_tried_anew(
    stage: Stage, state: State, twin: State, stays: bool
) -> None:
    """Tried anew, the same input would be published twice: the twin is what tells."""
    post = settled(stage, state)
    stage.clock.advance(LIFE)
    settled(stage, twin)
    settled(stage, State.FAILED, input_hash="0" * 64)
    sweep_posts(stage)
    assert (stage.ledger.post("w", post.id) is not None) == stays


def test_a_step_looks_at_a_page_and_passes_once_by_what_stays(stage: Stage) -> None:
    settled(stage, idempotency_key="binds")
    write(stage, update(idempotency).values(expires_at=stage.clock.now() + 9 * LIFE))
    for _ in range(3):
        settled(stage)
    stage.clock.advance(LIFE)
    first = stage.ledger.sweep_posts(START, life_ms=LIFE)
    assert first == Swept(gone=3, mark=None)
    assert stage.ledger.sweep_posts(START, life_ms=LIFE).gone == 0


def test_a_step_deletes_no_more_lines_than_go_at_once(stage: Stage) -> None:
    for _ in range(4):
        post = settled(stage)
        stage.ledger.journal(post.id, *[NOTE] * (ROWS_AT_ONCE // 2))
        stage.clock.advance(1)
    stage.ledger.journal(post.id, *[NOTE] * ROWS_AT_ONCE)
    stage.clock.advance(LIFE)
    before, mark, gone = count(stage, journal), START, []
    while True:
        done = stage.ledger.sweep_posts(mark, life_ms=LIFE)
        after = count(stage, journal)
        assert before - after <= ROWS_AT_ONCE or done.gone == 1
        gone.append(done.gone)
        if done.mark is None:
            break
        before, mark = after, done.mark
    assert gone == [1, 1, 1, 1]


def test_many_go_page_by_page(stage: Stage) -> None:
    rows = _many(stage, POSTS_AT_ONCE * 2 + 1)
    assert sweep_posts(stage) == rows
    assert count(stage, posts) == 0


def _many(stage: Stage, number: int) -> int:
    """Have so many posts, all settled in one millisecond, that are to go; return how many."""
    model = settled(stage)
    row = stage.database.read(lambda conn: dict(conn.execute(select(posts)).mappings().one()))
    rows = [{**row, "id": f"{model.id}_{n}", "publish_id": None} for n in range(number)]
    lines = [{"post_id": one["id"], "call": "c", "at": 1, "decision": "d"} for one in rows]
    write(stage, insert(posts).values(rows), insert(journal).values(lines * 3))
    stage.clock.advance(LIFE)
    return number + 1


def test_several_who_sweep_at_once_delete_everything_once(stage: Stage) -> None:
    rows = _many(stage, 4 * POSTS_AT_ONCE)
    together = Barrier(4)

    def sweep(_: int) -> int:
        together.wait()
        return sweep_posts(stage)

    with ThreadPoolExecutor(4) as pool:
        gone = sum(pool.map(sweep, range(4)))
    # What another one held at that moment is left for the next sweep.
    assert gone + sweep_posts(stage) == rows
    assert (count(stage, posts), count(stage, journal)) == (0, 0)


def test_a_step_that_breaks_off_deletes_nothing(stage: Stage) -> None:
    settled(stage)
    stage.clock.advance(LIFE)
    before = [count(stage, table) for table in (posts, *CHILDREN)]

    def fail(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("DELETE FROM posts"):
            raise OSError("no power")

    engine = stage.database.write(lambda conn: conn.engine)
    event.listen(engine, "before_cursor_execute", fail)
    with pytest.raises(OSError, match="no power"):
        sweep_posts(stage)
    event.remove(engine, "before_cursor_execute", fail)
    assert [count(stage, table) for table in (posts, *CHILDREN)] == before
    assert sweep_posts(stage) == 1


def test_keys_go_when_they_bind_no_more(stage: Stage) -> None:
    settled(stage, idempotency_key="old")
    stage.clock.advance(DAY)
    settled(stage, idempotency_key="new")
    stage.clock.advance(29 * DAY - 1)
    assert to_the_end(stage.ledger.sweep_keys) == 0
    stage.clock.advance(1)
    assert to_the_end(stage.ledger.sweep_keys) == 1
    keys = select(idempotency.c.key)
    assert stage.database.read(lambda conn: conn.execute(keys).scalars().all()) == ["new"]


def test_handled_webhooks_go_after_their_time_and_others_never(stage: Stage) -> None:
    finish(told(stage, None))
    told(stage, None, "open")
    stage.clock.advance(KEPT_MS - 1)
    assert to_the_end(stage.ledger.sweep_webhooks) == 0
    stage.clock.advance(1)
    assert to_the_end(stage.ledger.sweep_webhooks) == 1
    left = select(webhook_inbox.c.digest)
    assert stage.database.read(lambda conn: conn.execute(left).scalars().all()) == ["open"]


@pytest.mark.parametrize(
    ("state", "gone"),
    [
        (State.UNCONFIRMED, 0),
        (State.HELD, 0),
        (State.FAILED, 0),
        (State.INBOX_DELIVERED, 0),
        (State.PUBLISHED_PUBLIC, 1),
        (State.PUBLISHED_PRIVATE, 1),
    ],
)
def test_what_tiktok_has_told_stays_while_it_may_bear_on_its_post(
    stage: Stage, state: State, gone: int
) -> None:
    post = settled(stage, state)
    finish(told(stage, stage.ledger.attempts(post.id)[0].publish_id))
    stage.clock.advance(KEPT_MS)
    assert to_the_end(stage.ledger.sweep_webhooks) == gone


def test_a_turn_is_one_process_s_at_a_time(stage: Stage) -> None:
    mine = stage.ledger.take_turn("t", ttl_ms=100)
    assert mine is not None
    assert stage.ledger.take_turn("t", ttl_ms=100) is None
    assert stage.ledger.take_turn("another", ttl_ms=100) is not None
    kept = stage.ledger.keep_turn("t", mine, ttl_ms=200)
    assert kept == stage.clock.now() + 200
    stage.clock.advance(199)
    assert stage.ledger.take_turn("t", ttl_ms=100) is None
    stage.clock.advance(1)
    assert stage.ledger.take_turn("t", ttl_ms=100) is not None
    assert stage.ledger.keep_turn("t", kept, ttl_ms=200) is None


def test_of_many_who_want_a_turn_one_gets_it(stage: Stage) -> None:
    together = Barrier(6)

    def take(_: int) -> bool:
        together.wait()
        return stage.ledger.take_turn("t", ttl_ms=100) is not None

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(take, range(6))) == 1
