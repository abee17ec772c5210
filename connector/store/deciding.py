"""Posts that a person decides about: settled, tried anew, listed. Each decision holds the post for itself."""

from dataclasses import replace

from sqlalchemy import Connection, Text, func, literal_column, or_, select, update

from connector.domain.lifecycle import TIKTOK_PUBLISHED, AttemptState, State, may_be_made
from connector.engine.model import Change, Claim, Failure, Lease, Post
from connector.engine.model_incident import ALARM, Anew, Deed, Verdict, Waiting, Wanted, Word
from connector.engine.ports_tiktok import EventKind
from connector.kernel.errors import PostrailError
from connector.store import auditing, claims, journal, slots
from connector.store.accepting import GONE, hold_repeats
from connector.store.changes import changed
from connector.store.posts import put, void_sending, whole
from connector.store.rows import post_of
from connector.store.tables import accounts, attempts, events, is_for_a_person, posts
from connector.store.tables import webhook_inbox as inbox

TTL_MS = 10_000
"""The lease of a decision ends with its transaction; this is what it would last."""

_SAYS_PUBLISHED = (
    EventKind.PUBLISH_COMPLETE.value,
    EventKind.PUBLICLY_AVAILABLE.value,
    EventKind.NO_LONGER_PUBLIC.value,
    # As TikTok spells them on the wire.
    "post.publish.publicaly_available",
    "post.publish.no_longer_publicaly_available",
)
"""The webhooks that come only of what has been published."""

_ALARM = literal_column(f"'{ALARM}'", Text)
"""Spelt out: alarms are rare among events, and PostgreSQL cannot know that of a parameter."""


def settle(conn: Connection, now: int, lease: Lease, verdict: Verdict, deed: Deed) -> Post:
    """Write what a person says has become of a post. Raises PostrailError as the port says."""
    claim = _take(conn, now, lease)
    before = claim.post
    if not may_be_made(before.state, verdict.state):
        raise PostrailError(
            "post_not_resolvable",
            f"{before.id} is {before.state}: there is nothing to settle.",
            extra={"post_id": before.id, "status": before.state.value},
        )
    if verdict.state is State.FAILED:
        _check_word(conn, before)
    failure = Failure(code=verdict.code, message=verdict.message) if verdict.code else None
    change = Change(state=verdict.state, failure=failure, public_ids=verdict.public_ids or None)
    after = replace(changed(before, change, now), settled_at=now)
    if verdict.state is State.FAILED:
        _shut(conn, now, before.id)
        after = _without_a_guess(after)
    journal.append(conn, now, before.id, [verdict.entry])
    auditing.write(conn, now, deed, before.state.value, after.state.value)
    put(conn, now, lease, before, after, {"next_at": None})
    return after


def _without_a_guess(post: Post) -> Post:
    """Return a post that is not published without what TikTok said of a publish id that is not its own."""
    return replace(post, tiktok_status=None, public_ids=()) if post.is_said_published else post


def requeue(conn: Connection, now: int, lease: Lease, version: int, anew: Anew, deed: Deed) -> Post:
    """Move a failed post, read at `version`, back to `queued`. Raises PostrailError as the port says."""
    claim = _take(conn, now, lease)
    before = claim.post
    if before.version != version or not may_be_made(before.state, State.QUEUED):
        raise PostrailError(
            "post_not_failed",
            f"{before.id} is {before.state} by now: look at it again.",
            extra={"post_id": before.id, "status": before.state.value},
        )
    _check_word(conn, before)
    if not anew.allow_repeat:
        _refuse_superseded(conn, before)
    _shut(conn, now, before.id)
    after = _begun_anew(conn, now, before, anew)
    columns = {
        "next_at": after.next_at,
        "app_id": after.app_id,
        "attempts_before": after.attempts_before,
        "retried_at": now,
    }
    journal.append(conn, now, before.id, [anew.entry])
    auditing.write(conn, now, deed, before.state.value, after.state.value)
    put(conn, now, lease, before, after, columns)
    return after


def _begun_anew(conn: Connection, now: int, before: Post, anew: Anew) -> Post:
    """Return a failed post as it is when it is tried anew, its attempts counted from here on."""
    spent = select(func.coalesce(func.max(attempts.c.number), 0)).where(attempts.c.post_id == before.id)
    return replace(
        before,
        state=State.QUEUED,
        version=before.version + 1,
        updated_at=now,
        tries=0,
        next_at=now if anew.slot is None else slots.reserve_several(conn, now, anew.slot, 1)[0],
        publish_id=None,
        tiktok_status=None,
        public_ids=(),
        raw_status=None,
        failure=None,
        settled_at=None,
        app_id=anew.app_id,
        attempts_before=int(conn.execute(spent).scalar_one()),
    )


def _take(conn: Connection, now: int, lease: Lease) -> Claim:
    """Hold a post that nobody works on. Raises PostrailError `post_busy`."""
    claim = claims.take(conn, now, lease, ttl_ms=TTL_MS)
    if claim is None:
        raise PostrailError("post_busy", f"{lease.post_id} is being worked on at this moment.")
    return claim


def _check_word(conn: Connection, post: Post) -> None:
    """Refuse to take a post for not published where TikTok says that it is, or has just told something of it.

    Raises PostrailError `tiktok_says_published`, `post_busy`.
    """
    said = word(conn, post)
    if post.is_said_published and said is Word.SAID:
        raise _is_published(post)
    mine = select(attempts.c.publish_id).where(attempts.c.post_id == post.id)
    waiting = select(inbox.c.digest).where(
        inbox.c.publish_id.in_(mine), inbox.c.handled_at.is_(None), inbox.c.next_at.is_not(None)
    )
    if conn.execute(waiting.limit(1)).one_or_none() is not None:
        raise PostrailError("post_busy", f"TikTok has just told something of {post.id} that is being read.")
    if said is Word.SAID:
        raise _is_published(post)


def _is_published(post: Post) -> PostrailError:
    return PostrailError(
        "tiktok_says_published",
        f"TikTok itself has said that {post.id} is published: sent again, it would be published twice.",
        extra={"post_id": post.id, "status": post.state.value, "tiktok_post_ids": list(post.public_ids)},
    )


def word(conn: Connection, post: Post) -> Word:
    """Return whether TikTok has said that a post is published.

    A webhook that came while the post was under way left nothing on it but a line: it is looked up. That
    TikTok has ended the task as failed is a later word.
    """
    if post.tiktok_status == "FAILED" and not post.is_said_published:
        return Word.NONE
    told = (
        select(attempts.c.state)
        .join(inbox, inbox.c.publish_id == attempts.c.publish_id)
        .where(attempts.c.post_id == post.id, inbox.c.event.in_(_SAYS_PUBLISHED))
    )
    of = set(conn.execute(told).scalars())
    # An attempt that is void was given no publish id by any answer.
    if of - {AttemptState.VOID.value}:
        return Word.SAID
    if not post.is_said_published:
        return Word.NONE
    polled = (post.raw_status or {}).get("status") == TIKTOK_PUBLISHED
    return Word.GUESSED if of and not polled else Word.SAID


def holder(conn: Connection, post: Post, public_id: str, since: int) -> Post | None:
    """Return another post of the account that has a public id, of those tried since a time (UTC ms)."""
    it = accounts.alias()
    is_same = or_(accounts.c.open_id == it.c.open_id, accounts.c.union_id == it.c.union_id)
    same = select(accounts.c.id).join(it, is_same).where(it.c.id == post.account_id)
    tried = select(attempts.c.post_id).where(attempts.c.account_id.in_(same), attempts.c.created_at >= since)
    has_it = posts.c.public_ids.contains(f'"{public_id}"', autoescape=True)
    query = whole().where(posts.c.id.in_(tried), posts.c.id != post.id, has_it)
    row = conn.execute(query.limit(1)).mappings().one_or_none()
    return None if row is None else post_of(row)


def _shut(conn: Connection, now: int, post_id: str) -> None:
    """End every attempt of a post, so that no byte of it leaves any more and another one can begin."""
    void_sending(conn, now, post_id)
    alive = (AttemptState.ACCEPTED.value, AttemptState.UNCERTAIN.value)
    mine = update(attempts).where(attempts.c.post_id == post_id, attempts.c.state.in_(alive))
    conn.execute(mine.values(state=AttemptState.REJECTED.value, resolved_at=now))


def _refuse_superseded(conn: Connection, post: Post) -> None:
    """Refuse to try a post anew whose input its account was sent again after it, or has a twin do so."""
    input_hash = str(conn.execute(select(posts.c.input_hash).where(posts.c.id == post.id)).scalar_one())
    hold_repeats(conn, input_hash)
    later = select(posts.c.id).where(
        posts.c.account_id == post.account_id,
        posts.c.input_hash == input_hash,
        or_(posts.c.created_at >= post.created_at, posts.c.retried_at >= post.created_at),
        posts.c.id != post.id,
        posts.c.state.not_in(GONE),
    )
    twin = conn.execute(later.order_by(posts.c.created_at.desc()).limit(1)).scalar_one_or_none()
    if twin is not None:
        raise PostrailError(
            "retry_superseded",
            f"The same input was accepted or tried anew after this post, as {twin}: both would be published.",
            extra={"post_id": twin},
        )


def newest(conn: Connection, workspace_id: str, wanted: Wanted) -> list[Post]:
    """Return posts of a workspace, the newest first."""
    query = whole().where(posts.c.workspace_id == workspace_id)
    if wanted.states:
        query = query.where(posts.c.state.in_(sorted(wanted.states)))
    if wanted.account_id is not None:
        query = query.where(posts.c.account_id == wanted.account_id)
    if wanted.before is not None:
        query = query.where(posts.c.id < wanted.before)
    ordered = query.order_by(posts.c.id.desc()).limit(wanted.limit)
    return [post_of(row) for row in conn.execute(ordered).mappings()]


def waiting(conn: Connection, workspace_id: str) -> Waiting:
    """Count the posts of a workspace that wait for a person, and those of which an alarm was raised."""
    mine = posts.c.workspace_id == workspace_id
    query = select(posts.c.state, func.count()).where(mine, is_for_a_person(posts)).group_by(posts.c.state)
    count = {row[0]: int(row[1]) for row in conn.execute(query)}
    alarmed = select(func.count(events.c.post_id.distinct())).where(
        events.c.workspace_id == workspace_id, events.c.kind == _ALARM
    )
    return Waiting(
        held=count.get(State.HELD.value, 0),
        unconfirmed=count.get(State.UNCONFIRMED.value, 0),
        alarms=int(conn.execute(alarmed).scalar_one()),
    )
