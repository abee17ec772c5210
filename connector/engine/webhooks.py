"""TikTok's webhooks: taken in only when genuine, recorded before they are answered, acted on afterwards.

receive   the web's part: signature, record, done
attend    the worker's part: one recorded webhook, seen through
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from connector.domain.drafts import look_at_draft
from connector.domain.lifecycle import POLLED, UNSENT, AttemptState, State, may_become
from connector.domain.retry import (
    HEARD_LATELY_MS,
    HOOK_AGAIN_MS,
    MAX_HOOK_DEFECTS,
    ORPHAN_SKEW_MS,
    ORPHAN_WINDOW_MS,
    RECONNECT_WAIT_MS,
    backoff,
)
from connector.engine.context import Context
from connector.engine.heard import Act, Reaction, hear, react
from connector.engine.model import UNEXPECTED, Attempt, Change, Claim, Entry, Failure, Post
from connector.engine.model_incident import ALARM
from connector.engine.ports import AccountBusy, LeaseLost
from connector.engine.ports_hooks import Alarm, Arrival, HookAccounts, HookInbox, Letter
from connector.engine.ports_tiktok import EventKind, TikTokEvent, TikTokHooks
from connector.kernel.clock import Clock
from connector.kernel.errors import PostrailError
from connector.kernel.log import get_log

log = get_log("engine")

OWNER = "webhooks"
LEASE_MS = 10_000
PARKABLE = UNSENT | {State.SENDING}
"""The states in which a post that is not due is parked by a pause."""


@dataclass(frozen=True, kw_only=True)
class HookDesk:
    """Where TikTok's webhooks arrive; `tolerance_s` is how far a signature's time may be off in seconds.

    `owner` names this process in leases.
    """

    inbox: HookInbox
    hooks: TikTokHooks
    accounts: HookAccounts
    clock: Clock
    tolerance_s: int
    wake: Callable[[], None]
    owner: str = OWNER

    def hears(self) -> bool:
        """Whether webhooks have arrived lately, so that asking TikTok is the fallback alone."""
        last = self.inbox.last_received()
        return last is not None and self.clock.now() - last < HEARD_LATELY_MS


def receive(desk: HookDesk, header: str | None, raw: bytes) -> bool:
    """Record a genuine webhook, durably; False when it was there already.

    Raises PostrailError `bad_request` for what is no webhook, `invalid_signature` for one that no app of
    ours has signed, or not lately. Nothing of those is kept.
    """
    event = desk.hooks.read_event(raw)
    secret = desk.accounts.client_secret(event.client_key)
    verdict = desk.hooks.verify(
        header, raw, secret or "", now_ms=desk.clock.now(), tolerance_s=desk.tolerance_s
    )
    if verdict != "genuine":
        log.warning("webhook_refused", verdict=verdict, webhook=event.name, known_app=secret is not None)
        raise PostrailError("invalid_signature", "The webhook is not signed by an app of this server.")
    arrival = Arrival(
        digest=event.digest,
        client_key=event.client_key,
        event=event.name,
        open_id=event.open_id,
        publish_id=event.publish_id,
        body=raw,
    )
    fresh = desk.inbox.keep(arrival)
    if fresh:
        desk.wake()
    return fresh


def attend(context: Context, desk: HookDesk, letter: Letter) -> None:
    """Act on one webhook in hand; never raises: what fails is tried again, and kept for a person at last."""
    try:
        _act(context, desk, letter, desk.hooks.read_event(letter.body))
    except (AccountBusy, LeaseLost):
        _again(context, desk, letter, HOOK_AGAIN_MS, "waits for a post in hand")
    except Exception:
        log.exception("webhook_defect", digest=letter.digest)
        tried = replace(letter, tries=letter.tries + 1)
        wait = backoff(tried.tries) if tried.tries < MAX_HOOK_DEFECTS else None
        _again(context, desk, tried, wait, "defect")


def _again(context: Context, desk: HookDesk, letter: Letter, wait_ms: int | None, outcome: str) -> None:
    try:
        next_at = None if wait_ms is None else context.ledger.now() + wait_ms
        desk.inbox.again(letter, next_at=next_at, outcome=outcome)
    except Exception:
        # Its lease ends by itself, and then it is taken again.
        log.exception("webhook_not_given_back", digest=letter.digest)


def _act(context: Context, desk: HookDesk, letter: Letter, event: TikTokEvent) -> None:
    if event.kind is EventKind.AUTHORIZATION_REMOVED and event.open_id is not None:
        ended = desk.accounts.authorization_removed(
            event.client_key, event.open_id, at=event.created_at, reason=event.removal_reason
        )
        desk.inbox.finish(letter, "access ended" if ended else "no access to end")
    elif event.kind is EventKind.UNKNOWN or event.publish_id is None:
        log.info("webhook_kept", webhook=event.name)
        desk.inbox.finish(letter, "kept: not known here")
    else:
        _about_a_post(context, desk, letter, event, event.publish_id)


def _about_a_post(
    context: Context, desk: HookDesk, letter: Letter, event: TikTokEvent, publish_id: str
) -> None:
    mine = desk.accounts.accounts_of(event.client_key, event.open_id or "")
    found = context.ledger.told_of(publish_id)
    if found is None and context.ledger.was_swept(publish_id):
        desk.inbox.finish(letter, "kept: its post is no longer kept")
        return
    found = found or _adopted(context, event, publish_id, mine)
    if found is None:
        desk.inbox.finish(letter, "kept: no post of this server")
        return
    post, attempt = found
    if mine and post.account_id not in mine:
        log.error("webhook_of_another_account", webhook=event.name, post_id=post.id)
        desk.inbox.finish(letter, "kept: the post is another account's")
        return
    heard = hear(desk.hooks.read_event(body) for body in desk.inbox.about(publish_id))
    reaction = react(post, attempt, heard)
    look = reaction.act is Act.LOOK
    if look or reaction.act is Act.NOTE:
        desk.inbox.finish(letter, reaction.why, post_id=post.id, entry=_entry(event, reaction.why), wake=look)
    else:
        claim = context.ledger.take(post.id, desk.owner, ttl_ms=LEASE_MS)
        if claim is None:
            raise AccountBusy(post.account_id)
        # What was read before the post was in hand may be over by now.
        _, attempt = context.ledger.told_of(publish_id) or found
        _with_the_post(context, desk, letter, event, claim, react(claim.post, attempt, heard))
    context.wake()


def _adopted(
    context: Context, event: TikTokEvent, publish_id: str, mine: frozenset[str]
) -> tuple[Post, Attempt] | None:
    """Attach a publish id that no answer of TikTok's gave us to the newest void attempt, for audit."""
    if not mine:
        return None
    created = (event.created_at - ORPHAN_WINDOW_MS, event.created_at + ORPHAN_SKEW_MS)
    entry = _entry(event, "an unknown publish id: attached to the newest void attempt")
    context.ledger.adopt(mine, publish_id, created, entry)
    return context.ledger.told_of(publish_id)


def _entry(event: TikTokEvent, decision: str) -> Entry:
    return Entry(call=f"webhook/{event.name.removeprefix('post.publish.')}", decision=decision)


def _with_the_post(
    context: Context, desk: HookDesk, letter: Letter, event: TikTokEvent, claim: Claim, reaction: Reaction
) -> None:
    """Do what a webhook asks for with its post in hand, then give the post back."""
    entry, next_at, moved = _entry(event, reaction.why), None, True
    alarm = None
    if reaction.act is Act.SETTLE:
        next_at = _settle(context, claim, reaction, entry)
        alarm = _of_the_holder(context, event, claim.post)
    elif reaction.act is Act.SHOW:
        context.ledger.save(claim.lease, reaction.word or Change(), entry)
        # An unconfirmed post is asked about; one that is held waits for a person alone.
        next_at = context.ledger.now() if claim.post.state in POLLED else None
    elif reaction.act is Act.ALARM:
        alarm = _alarm(event, claim.post, reaction)
        moved = _hold(context, claim, reaction.word or Change(), entry)
    else:
        context.ledger.journal(claim.post.id, entry)
        moved = False
    desk.inbox.finish(letter, reaction.why, alarm=alarm)
    if moved:
        context.ledger.release(claim.lease, next_at=next_at)
    else:
        _give_back(context, claim, look=reaction.act is Act.LOOK)


def _give_back(context: Context, claim: Claim, *, look: bool) -> None:
    """Give a post back as it was: due now where it is to be looked at, else when it was due.

    The pause of a parked post may have been lifted meanwhile: that it is due again must not be undone.
    """
    post = claim.post
    if post.next_at is None and post.state in PARKABLE:
        context.ledger.park(claim.lease)
    else:
        context.ledger.release(claim.lease, next_at=context.ledger.now() if look else post.next_at)


def _settle(context: Context, claim: Claim, reaction: Reaction, entry: Entry) -> int | None:
    """Make the changes; return when to look again, None for never: a draft may yet be posted, or lapse."""
    first, *others = reaction.changes
    context.ledger.save(claim.lease, first, entry)
    for change in others:
        context.ledger.save(claim.lease, change)
    state = reaction.changes[-1].state
    log.info("post_settled", post_id=claim.post.id, state=str(state))
    if state is not State.INBOX_DELIVERED:
        return None
    now, since = context.ledger.now(), claim.attempt.created_at if claim.attempt else claim.post.created_at
    wait = look_at_draft(now - since)
    return None if wait is None else now + wait


def _hold(context: Context, claim: Claim, word: Change, entry: Entry) -> bool:
    """Freeze a post for a person, one that has failed too, and shut its gate; False where it is published.

    `word` is what TikTok says of it, for that person to see.
    """
    if not may_become(claim.post.state, State.HELD):
        context.ledger.journal(claim.post.id, entry)
        return False
    failure = Failure(code=UNEXPECTED, message=f"Held: {entry.decision}.")
    change = replace(word, state=State.HELD, failure=failure)
    live = claim.attempt
    if live is not None and live.state is AttemptState.ACCEPTED:
        context.ledger.resolve_attempt(claim.lease, live.id, AttemptState.UNCERTAIN, change, entry)
    else:
        context.ledger.save(claim.lease, change, entry)
    return True


def _of_the_holder(context: Context, event: TikTokEvent, post: Post) -> Alarm | None:
    """Raise the alarm about another post that has the id which TikTok says is that of `post`."""
    if event.post_id is None:
        return None
    other = context.ledger.holder(post, event.post_id, since=post.created_at - RECONNECT_WAIT_MS)
    if other is None:
        return None
    why = f"TikTok says that {event.post_id}, which it was taken for, is another post"
    return _alarm(event, other, Reaction(act=Act.ALARM, why=why))


def _alarm(event: TikTokEvent, post: Post, reaction: Reaction) -> Alarm:
    log.error("post_alarm", post_id=post.id, webhook=event.name, why=reaction.why)
    payload = {"webhook": event.name, "publish_id": event.publish_id, "why": reaction.why}
    return Alarm(kind=ALARM, post=post, payload=payload)
