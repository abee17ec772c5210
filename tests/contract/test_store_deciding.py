"""The ledger's port, people's decisions: each made once, by one person, audited with what it changes."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from connector.domain.lifecycle import AttemptState, State
from connector.engine.model import Change, Entry, Failure, Post
from connector.engine.model_incident import ALARM, Anew, Deed, Slot, Verdict, Waiting, Wanted, Word
from connector.engine.ports_hooks import Alarm, Arrival
from connector.kernel.errors import PostrailError
from connector.store.inbox import SqlInbox
from connector.store.tables import events
from tests.contract.test_store_races import at_once
from tests.ledgers import IDS, NOTE, TTL, Stage, new_grant, new_post

pytest_plugins = ("tests.databases", "tests.ledgers")

HASH = "c0ffee00" * 8
FAILED = Verdict(state=State.FAILED, entry=NOTE, code="resolved_not_published", message="no")
SLOT = Slot(account_id="a", kind="init_video", gap_ms=20, burst=0)
SEEN = Verdict(state=State.PUBLISHED_PUBLIC, entry=NOTE, public_ids=("76",))


def deed(**changes: Any) -> Deed:  # noqa: ANN401 - any member of Deed
    """What somebody does."""
    plain = Deed(who="key_1", who_name="n8n", action="resolve_post", workspace_id="w", target="it")
    return replace(plain, **changes)


def anew(**changes: Any) -> Anew:  # noqa: ANN401 - any member of Anew
    """How a post is tried anew: at once, by the app of the stage."""
    return replace(Anew(app_id="app", entry=NOTE), **changes)


def now_of(stage: Stage, post: Post) -> Post:
    """Return a post as it stands."""
    found = stage.ledger.post("w", post.id)
    assert found is not None
    return found


def doubtful(stage: Stage, state: State = State.UNCONFIRMED, **changes: Any) -> Post:  # noqa: ANN401 - any member
    """Have a post whose upload may be complete, and of which nobody knows what has become."""
    claim = stage.open_gate(stage.begun(**changes))
    stage.ledger.record_upload(claim.lease, "gate-1", uploaded=7, final_chunk_started=True)
    stage.ledger.save(claim.lease, Change(state=State.PROCESSING))
    failure = Failure(code="unconfirmed", message="?")
    stage.ledger.release(claim.lease, next_at=None, change=Change(state=state, failure=failure))
    return now_of(stage, claim.post)


def failed(stage: Stage, **changes: Any) -> Post:  # noqa: ANN401 - any member of NewPost
    """Have a post that has failed after TikTok had accepted it."""
    claim = stage.open_gate(stage.begun(**changes))
    change = Change(
        state=State.FAILED, failure=Failure(code="internal", message="no"), tiktok_status="FAILED"
    )
    stage.ledger.release(claim.lease, next_at=None, change=change)
    return now_of(stage, claim.post)


@pytest.mark.parametrize("state", [State.UNCONFIRMED, State.HELD])
def test_a_post_that_was_seen_is_published_with_its_id_and_without_its_doubt(
    stage: Stage, state: State
) -> None:
    post = doubtful(stage, state)
    stage.clock.advance(5)
    settled = stage.ledger.settle(post, SEEN, deed(target=post.id))
    assert settled == now_of(stage, post)
    assert (settled.state, settled.public_ids, settled.failure) == (State.PUBLISHED_PUBLIC, ("76",), None)
    assert (settled.settled_at, settled.next_at) == (stage.clock.now(), None)
    assert settled.version > post.version
    assert stage.attempt_states(post.id) == [AttemptState.ACCEPTED]


def test_a_post_that_was_not_seen_fails_and_its_gate_is_shut(stage: Stage) -> None:
    post = doubtful(stage)
    settled = stage.ledger.settle(post, FAILED, deed())
    assert settled.failure == Failure(code="resolved_not_published", message="no")
    assert stage.attempt_states(post.id) == [AttemptState.REJECTED]
    gate = stage.ledger.gate("gate-1")
    assert gate is not None
    assert gate.state is AttemptState.REJECTED


def test_a_decision_writes_its_event_its_entry_and_its_line_of_the_audit(stage: Stage) -> None:
    post = doubtful(stage)
    stage.ledger.settle(post, FAILED, deed(target=post.id, note="looked twice"))
    kinds = stage.database.read(
        lambda conn: conn.execute(select(events.c.kind).order_by(events.c.id)).scalars().all()
    )
    assert kinds[-1] == "post_failed"
    assert [entry.call for entry in stage.ledger.timeline(post.id)][-2:] == ["test", "state"]
    (line,) = stage.ledger.audit("w", limit=10)
    assert (line.who, line.who_name, line.action, line.target) == ("key_1", "n8n", "resolve_post", post.id)
    assert (line.before, line.after, line.note) == ("unconfirmed", "failed", "looked twice")
    assert line.at == stage.clock.now()


@pytest.mark.parametrize("verdict", [SEEN, FAILED])
def test_what_is_not_in_doubt_is_not_settled_by_anybody(stage: Stage, verdict: Verdict) -> None:
    for post in (failed(stage), stage.accept(account_id="b")):
        with pytest.raises(PostrailError) as caught:
            stage.ledger.settle(post, verdict, deed())
        assert caught.value.code == "post_not_resolvable"
        assert now_of(stage, post).state is post.state
    assert stage.ledger.audit("w", limit=10) == []


def says_published(stage: Stage, post: Post) -> Post:
    """Have TikTok say that a post is published, which changes nothing else about it."""
    claim = stage.ledger.take(post.id, "webhooks", ttl_ms=TTL)
    assert claim is not None
    stage.ledger.release(claim.lease, next_at=None, change=Change(tiktok_status="PUBLISH_COMPLETE"))
    return now_of(stage, post)


def refusal_of(decide: Callable[[], object]) -> str:
    """Return the code that a decision is refused with."""
    with pytest.raises(PostrailError) as caught:
        decide()
    return caught.value.code


def test_what_tiktok_says_is_published_is_not_taken_for_anything_else_though_it_was_read_before(
    stage: Stage,
) -> None:
    doubted, gone = doubtful(stage), _another(stage, 1, State.FAILED)
    now = [says_published(stage, post) for post in (doubted, gone)]
    for decide in (
        partial(stage.ledger.settle, doubted, FAILED, deed()),
        partial(stage.ledger.requeue, gone, anew(), deed()),
    ):
        assert refusal_of(decide) == "tiktok_says_published"
    assert [now_of(stage, post) for post in (doubted, gone)] == now
    assert stage.ledger.audit("w", limit=9) == []
    assert stage.ledger.settle(doubted, SEEN, deed()).state is State.PUBLISHED_PUBLIC


def test_a_webhook_about_a_post_is_read_before_the_post_is_taken_for_not_published(stage: Stage) -> None:
    doubted, gone = doubtful(stage), _another(stage, 1, State.FAILED)
    inbox = SqlInbox(stage.database, ids=IDS)
    for post in (doubted, gone):
        arrival = Arrival(
            digest=post.id,
            client_key="aw1",
            event="post.publish.failed",
            open_id="open-a",
            publish_id=post.publish_id,
            body=b"{}",
        )
        inbox.keep(arrival)
    assert refusal_of(partial(stage.ledger.settle, doubted, FAILED, deed())) == "post_busy"
    assert refusal_of(partial(stage.ledger.requeue, gone, anew(), deed())) == "post_busy"
    for letter in inbox.claim("me", limit=9, ttl_ms=TTL):
        inbox.finish(letter, "read")
    assert stage.ledger.settle(doubted, FAILED, deed()).state is State.FAILED
    assert stage.ledger.requeue(gone, anew(), deed()).state is State.QUEUED


@pytest.mark.parametrize("event", ["complete", "publicaly_available", "no_longer_publicly_available"])
@pytest.mark.parametrize("is_read", [True, False])
def test_a_webhook_that_said_published_before_the_doubt_counts_read_or_given_up(
    stage: Stage, event: str, is_read: bool
) -> None:
    post = doubtful(stage)
    inbox = SqlInbox(stage.database, ids=IDS)
    arrival = Arrival(
        digest="d",
        client_key="aw1",
        event=f"post.publish.{event}",
        open_id="open-a",
        publish_id=post.publish_id,
        body=b"{}",
    )
    inbox.keep(arrival)
    (letter,) = inbox.claim("me", limit=1, ttl_ms=TTL)
    if is_read:
        inbox.finish(letter, "the status will tell")
    else:
        inbox.again(letter, next_at=None, outcome="defect")
    assert stage.ledger.word(post) is Word.SAID
    assert refusal_of(partial(stage.ledger.settle, post, FAILED, deed())) == "tiktok_says_published"
    assert stage.ledger.settle(post, SEEN, deed()).state is State.PUBLISHED_PUBLIC


def test_a_post_that_somebody_works_on_is_not_decided_about(stage: Stage) -> None:
    post = doubtful(stage)
    assert stage.ledger.take(post.id, "worker", ttl_ms=TTL) is not None
    for decide in (
        partial(stage.ledger.settle, post, FAILED, deed()),
        partial(stage.ledger.requeue, post, anew(), deed()),
    ):
        with pytest.raises(PostrailError) as caught:
            decide()
        assert caught.value.code == "post_busy"


def test_of_people_who_settle_a_post_at_once_one_is_heard(stage: Stage) -> None:
    for turn in range(6):
        post = doubtful(stage) if turn == 0 else _another(stage, turn)
        said = [SEEN, FAILED, SEEN, FAILED]
        answers = at_once([partial(stage.ledger.settle, post, one, deed(target=post.id)) for one in said])
        heard = [answer for answer in answers if not isinstance(answer, Exception)]
        assert len(heard) == 1
        codes = {answer.code for answer in answers if isinstance(answer, PostrailError)}
        assert codes <= {"post_not_resolvable", "post_busy"}
        lines = [line for line in stage.ledger.audit("w", limit=50) if line.target == post.id]
        assert [line.after for line in lines] == [now_of(stage, post).state.value]


def _another(stage: Stage, turn: int, state: State = State.UNCONFIRMED) -> Post:
    """Have one more post in doubt, or in another state, of other ids."""
    claim = stage.begun(f"other-{turn}", input_hash=f"{turn:064x}")
    claim = stage.open_gate(claim, f"other-{turn}", f"other-pub-{turn}")
    change = Change(state=state, failure=Failure(code="unconfirmed", message="?"))
    stage.ledger.release(claim.lease, next_at=None, change=change)
    return now_of(stage, claim.post)


def test_a_post_that_is_tried_anew_begins_as_a_new_one_and_keeps_what_it_is(stage: Stage) -> None:
    post = failed(stage, idempotency_key="k")
    stage.clock.advance(50)
    later = stage.clock.now() + 20
    queued = stage.ledger.requeue(post, anew(slot=SLOT), deed(action="retry_post", target=post.id))
    assert queued == now_of(stage, post)
    assert (queued.id, queued.input, queued.media) == (post.id, post.input, post.media)
    assert (queued.state, queued.next_at, queued.tries) == (State.QUEUED, later, 0)
    assert (queued.publish_id, queued.tiktok_status, queued.failure, queued.settled_at) == (None,) * 4
    assert (queued.attempts_before, queued.app_id) == (1, "app")
    assert stage.attempt_states(post.id) == [AttemptState.REJECTED]
    assert stage.ledger.accept(new_post(idempotency_key="k")).post.id == post.id
    (line,) = stage.ledger.audit("w", limit=1)
    assert (line.action, line.before, line.after) == ("retry_post", "failed", "queued")


def test_a_post_that_is_tried_anew_has_another_attempt_and_is_found_by_its_first_publish_id(
    stage: Stage,
) -> None:
    post = failed(stage)
    stage.ledger.requeue(post, anew(), deed())
    claim = stage.claim()
    stage.ledger.begin_attempt(claim.lease, "gate-2", "upload", NOTE)
    stage.open_gate(claim, "gate-2", "pub-2")
    assert stage.attempt_states(post.id) == [AttemptState.REJECTED, AttemptState.ACCEPTED]
    for ref in ("pub-1", "pub-2"):
        found = stage.ledger.post("w", ref)
        assert found is not None
        assert found.id == post.id


def test_of_people_who_try_a_post_anew_at_once_one_is_heard(stage: Stage) -> None:
    post = failed(stage)
    answers = at_once([partial(stage.ledger.requeue, post, anew(), deed()) for _ in range(4)])
    assert sum(isinstance(answer, Post) for answer in answers) == 1
    codes = {answer.code for answer in answers if isinstance(answer, PostrailError)}
    assert codes <= {"post_not_failed", "post_busy"}
    assert len(stage.ledger.audit("w", limit=9)) == 1


def test_a_post_that_has_moved_since_it_was_read_is_not_tried_anew(stage: Stage) -> None:
    post = failed(stage)
    with pytest.raises(PostrailError) as caught:
        stage.ledger.requeue(replace(post, version=post.version - 1), anew(), deed())
    assert caught.value.code == "post_not_failed"


def test_a_post_whose_twin_was_accepted_after_it_is_not_tried_anew_unless_both_are_wanted(
    stage: Stage,
) -> None:
    post = failed(stage)
    stage.clock.advance(1)
    twin = stage.accept()
    with pytest.raises(PostrailError) as caught:
        stage.ledger.requeue(post, anew(), deed())
    assert (caught.value.code, caught.value.extra["post_id"]) == ("retry_superseded", twin.id)
    assert now_of(stage, post).state is State.FAILED
    assert stage.ledger.requeue(post, anew(allow_repeat=True), deed()).state is State.QUEUED


def failed_twins(stage: Stage, input_hash: str = HASH) -> tuple[Post, Post]:
    """Have two posts of one input, accepted one after the other, that have both failed."""
    twins = []
    for _ in range(2):
        stage.accept(input_hash=input_hash)
        change = Change(state=State.FAILED, failure=Failure(code="internal", message="no"))
        claim = stage.claim()
        stage.ledger.release(claim.lease, next_at=None, change=change)
        twins.append(now_of(stage, claim.post))
        stage.clock.advance(1)
    return twins[0], twins[1]


def test_of_two_failed_twins_one_is_tried_anew_whichever_was_first(stage: Stage) -> None:
    for turn in (0, 1):
        twins = failed_twins(stage, f"{turn:064x}")
        first, second = twins[turn], twins[1 - turn]
        stage.ledger.requeue(first, anew(), deed())
        stage.clock.advance(1)
        with pytest.raises(PostrailError) as caught:
            stage.ledger.requeue(second, anew(), deed())
        assert (caught.value.code, caught.value.extra["post_id"]) == ("retry_superseded", first.id)
        stage.ledger.requeue(second, anew(allow_repeat=True), deed())
        for claim in stage.ledger.claim("me", limit=9, ttl_ms=TTL):
            stage.ledger.release(claim.lease, next_at=None)


def test_of_failed_twins_that_are_tried_anew_at_once_one_is_heard(stage: Stage) -> None:
    for turn in range(6):
        twins = failed_twins(stage, f"{turn:064x}")
        answers = at_once([partial(stage.ledger.requeue, twin, anew(), deed()) for twin in twins])
        refused = [answer.code for answer in answers if isinstance(answer, PostrailError)]
        assert refused == ["retry_superseded"]
        stage.ledger.release(stage.claim().lease, next_at=None)


def test_a_retry_that_is_refused_takes_no_slot_of_the_accounts_rate(stage: Stage) -> None:
    post = failed(stage)
    stage.clock.advance(1)
    stage.accept()
    for _ in range(3):
        with pytest.raises(PostrailError):
            stage.ledger.requeue(post, anew(slot=SLOT), deed())
    queued = stage.ledger.requeue(post, anew(slot=SLOT, allow_repeat=True), deed())
    assert queued.next_at == stage.clock.now() + SLOT.gap_ms


def test_a_twin_that_has_failed_too_is_no_obstacle(stage: Stage) -> None:
    post = failed(stage)
    stage.accept()
    change = Change(state=State.FAILED, failure=Failure(code="internal", message="no"))
    stage.ledger.release(stage.claim().lease, next_at=None, change=change)
    assert stage.ledger.requeue(post, anew(), deed()).state is State.QUEUED


def test_the_same_input_is_a_repeat_of_a_post_that_was_just_tried_anew(stage: Stage) -> None:
    post = failed(stage)
    stage.clock.advance(3_600_000)
    stage.ledger.requeue(post, anew(), deed())
    with pytest.raises(PostrailError) as caught:
        stage.ledger.accept(new_post(repeat_window_ms=600_000))
    assert (caught.value.code, caught.value.extra["post_id"]) == ("duplicate_request", post.id)


def test_the_audit_shows_a_workspace_its_own_lines_and_those_of_everything(stage: Stage) -> None:
    stage.access.add_workspace("other", "Other")
    for turn, workspace_id in enumerate(("w", "other", None)):
        post = doubtful(stage) if turn == 0 else _another(stage, turn)
        stage.ledger.settle(post, FAILED, deed(workspace_id=workspace_id, target=f"{turn}"))
    assert [line.target for line in stage.ledger.audit("w", limit=9)] == ["2", "0"]
    newest, oldest = stage.ledger.audit("w", limit=9)
    assert stage.ledger.audit("w", limit=9, before=newest.id) == [oldest]
    assert stage.ledger.audit("w", limit=1) == [newest]


def test_posts_are_listed_newest_first_by_state_and_account(stage: Stage) -> None:
    other = failed(stage, account_id="b")
    doubted = _another(stage, 7)
    listed = stage.ledger.newest("w", Wanted(limit=9))
    assert {post.id for post in listed} == {other.id, doubted.id}
    assert [post.id for post in listed] == sorted((other.id, doubted.id), reverse=True)
    assert [post.id for post in stage.ledger.newest("w", Wanted(limit=9, states=[State.FAILED]))] == [
        other.id
    ]
    assert [post.id for post in stage.ledger.newest("w", Wanted(limit=9, account_id="a"))] == [doubted.id]
    older = Wanted(limit=1, before=listed[0].id)
    assert [post.id for post in stage.ledger.newest("w", older)] == [listed[1].id]
    assert stage.ledger.newest("nobody", Wanted(limit=9)) == []


def published(stage: Stage, public_id: str, name: str = "1", **changes: Any) -> Post:  # noqa: ANN401 - any member of NewPost
    """Have a post that is public under an id."""
    claim = stage.open_gate(stage.begun(f"gate-{name}", **changes), f"gate-{name}", f"pub-{name}")
    change = Change(state=State.PUBLISHED_PUBLIC, public_ids=(public_id,))
    stage.ledger.release(claim.lease, next_at=None, change=change)
    return now_of(stage, claim.post) if claim.post.workspace_id == "w" else claim.post


def test_the_post_is_found_that_has_a_public_id_already(stage: Stage) -> None:
    mine = published(stage, "7600000000000000011")
    other = published(stage, "7600000000000000012", "2")
    assert stage.ledger.holder(mine, "7600000000000000012", since=0) == other
    assert stage.ledger.holder(mine, "7600000000000000011", since=0) is None
    assert stage.ledger.holder(mine, "760000000000000001", since=0) is None
    assert stage.ledger.holder(mine, "760000000000000001_", since=0) is None


def test_an_id_of_another_tiktok_account_is_nobody_s(stage: Stage) -> None:
    mine = published(stage, "11")
    published(stage, "12", "2", account_id="b")
    assert stage.ledger.holder(mine, "12", since=0) is None


@pytest.mark.parametrize("same", [{"open_id": "open-a"}, {"open_id": "open-x", "union_id": "union-a"}])
def test_the_holder_of_an_id_may_be_of_another_workspace_or_app(stage: Stage, same: dict[str, str]) -> None:
    stage.grants.connect(new_grant("a", union_id="union-a"))
    stage.access.add_workspace("other", "Other")
    stage.grants.connect(new_grant("c", workspace_id="other", **same))
    mine = published(stage, "11")
    theirs = published(stage, "12", "2", account_id="c", workspace_id="other")
    found = stage.ledger.holder(mine, "12", since=0)
    assert found is not None
    assert found.id == theirs.id


def test_the_holder_of_an_id_is_sought_among_what_was_tried_since(stage: Stage) -> None:
    other = published(stage, "12", "2")
    tried_at = stage.clock.now()
    stage.clock.advance(1)
    mine = published(stage, "11")
    assert stage.ledger.holder(mine, "12", since=tried_at) == other
    assert stage.ledger.holder(mine, "12", since=tried_at + 1) is None


def test_what_waits_for_a_person_is_counted_with_the_posts_of_alarms(stage: Stage) -> None:
    assert stage.ledger.waiting("w") == Waiting(held=0, unconfirmed=0, alarms=0)
    doubtful(stage)
    held = _another(stage, 1, State.HELD)
    _another(stage, 2, State.FAILED)
    inbox = SqlInbox(stage.database, ids=IDS)
    for digest in ("complete", "public"):
        alarming(inbox, digest, held)
    assert stage.ledger.waiting("w") == Waiting(held=1, unconfirmed=1, alarms=1)
    assert stage.ledger.waiting("nobody") == Waiting(held=0, unconfirmed=0, alarms=0)


def alarming(inbox: SqlInbox, digest: str, post: Post) -> None:
    """Have a webhook raise an alarm about a post."""
    inbox.keep(
        Arrival(digest=digest, client_key="aw1", event="e", open_id="open-a", publish_id=None, body=b"{}")
    )
    (letter,) = inbox.claim("me", limit=1, ttl_ms=TTL)
    inbox.finish(letter, "alarm", alarm=Alarm(kind=ALARM, post=post, payload={}))


def test_an_entry_of_a_decision_is_part_of_the_timeline(stage: Stage) -> None:
    post = failed(stage)
    entry = Entry(call="decision", decision="n8n has it tried anew")
    stage.ledger.requeue(post, anew(entry=entry), deed())
    assert "n8n has it tried anew" in [line.decision for line in stage.ledger.timeline(post.id)]
