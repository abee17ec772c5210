"""What the product's own functions and tables say about the values of the model."""

from dataclasses import replace
from functools import cache
from typing import NamedTuple

from connector.domain.lifecycle import AttemptState, Effect, State, View, next_effect
from connector.domain.retry import GIVE_UP_MS, URL_MARGIN_MS, max_attempts
from connector.domain.transfer import is_past_its_hour
from connector.engine.gate import GateMode, Passage, passage
from connector.engine.model import Attempt, Gate, Post
from connector.engine.poll import _in_doubt, conclude
from connector.engine.ports import Call, PublishStatus
from connector.engine.send import UPLOAD_URL_LIFE_MS, attempts_spent
from connector.store.attempts import _MAY_BECOME

CHUNKS = 2
"""Chunks of the video that is uploaded."""

AGES_MS = (0, UPLOAD_URL_LIFE_MS + URL_MARGIN_MS + 1, GIVE_UP_MS + 1)
"""What the three ages of a publish task stand for."""


class Try(NamedTuple):
    """An attempt in the ledger."""

    state: AttemptState = AttemptState.SENDING
    has_id: bool = False
    uploaded: int = 0
    final_started: bool = False


@cache
def product_attempt(number: int, one: Try) -> Attempt:
    """Return an attempt as the product has it."""
    return Attempt(
        id=f"gate-{number}",
        post_id="post",
        account_id="account",
        number=number + 1,
        state=one.state,
        transfer="upload",
        created_at=0,
        publish_id=f"pub-{number}" if one.has_id else None,
        uploaded=one.uploaded,
        final_chunk_started=one.final_started,
    )


@cache
def effect_on(state: State, attempt: AttemptState | None, *, uploads: bool, bytes_sent: bool) -> Effect:
    """Return what the product does next with a post in hand."""
    return next_effect(
        View(state=state, has_media=True, attempt=attempt, uploads=uploads, bytes_sent=bytes_sent)
    )


@cache
def verdict_on(state: State, one: Try, word: str, age: int, *, pulls: bool) -> State:
    """Return the state that the product concludes from TikTok's status."""
    ids = ("76",) if word == "PUBLISH_COMPLETE" else ()
    status = PublishStatus(status=word, fail_reason=None, public_ids=ids, raw={}, call=Call(name="status"))
    post = Post(
        id="post",
        workspace_id="w",
        account_id="account",
        operation="post_video",
        kind="video",
        mode="direct",
        transfer="upload",
        state=state,
        input={"privacy": "PUBLIC_TO_EVERYONE"},
        receipt={},
        created_at=0,
        updated_at=0,
    )
    verdict = conclude(post, status, age_ms=AGES_MS[age])
    tried = replace(product_attempt(0, one), transfer="pull" if pulls else "upload")
    return State.UNCONFIRMED if _in_doubt(tried, verdict, AGES_MS[age]) else verdict.state


@cache
def passes(state: AttemptState, mode: GateMode) -> Passage:
    """Return what TikTok's puller gets of the product's gate."""
    return passage(Gate(state=state, media=()), mode)


@cache
def may_end_as(now: AttemptState, then: AttemptState) -> bool:
    """Whether the ledger moves an attempt from `now` to `then`."""
    return then in _MAY_BECOME.get(now, set())


@cache
def is_expired(one: Try, age: int) -> bool:
    """Whether the product counts on no more bytes of this attempt, so that it opens another one."""
    return is_past_its_hour(UPLOAD_URL_LIFE_MS, AGES_MS[age], final_chunk_started=one.final_started)


@cache
def is_spent(tries: tuple[Try, ...]) -> bool:
    """Whether a post has been tried as often as it may be: twice, as a draft, which keeps the model small."""
    attempts = [product_attempt(number, one) for number, one in enumerate(tries)]
    return attempts_spent(attempts) >= max_attempts("inbox")
