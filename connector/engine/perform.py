"""Performs an operation of the manifests: each names one of these; none has a handler of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from connector.domain.lifecycle import TABLE, Until, reached
from connector.engine import presigned
from connector.engine.access import demand
from connector.engine.accounts import resolve_account
from connector.engine.ask import Ask
from connector.engine.context import Context
from connector.engine.creator import ask_creator
from connector.engine.intake import album_of, take_in, whole, with_receipt
from connector.engine.model import Account, Post, Principal
from connector.engine.outputs import post_row, timeline_rows
from connector.engine.pausing import begin_pause, lift_pause, pause_of
from connector.engine.rehearse import rehearse
from connector.engine.resolving import resolve_post, retry_post
from connector.engine.standing import standings
from connector.engine.submit import submit
from connector.engine.wait import WaitRoom
from connector.kernel.clock import to_iso
from connector.kernel.errors import PostrailError, Problem

POLL_AGAIN_MS = 5_000


@dataclass(frozen=True, kw_only=True)
class Told:
    """The answer: its body, whether the wait for it is over, and whether a key replayed it.

    `post` is None where the operation is about none.
    """

    post: Post | None
    body: dict[str, object]
    outcome: Literal["settled", "pending"]
    replayed: bool = False


def _wait(room: WaitRoom, ask: Ask, post: Post) -> tuple[Post, bool]:
    until = Until(str(ask.understood.input.get("until", Until.SETTLED)))

    def done(post: Post) -> bool:
        return reached(post.state, until, has_publish_id=post.publish_id is not None)

    post = room.wait(post, done, ask.wait_s)
    return post, done(post)


def _come_again(context: Context) -> str:
    """Return when it is worth to ask again about a post that is not settled."""
    return to_iso(context.ledger.lately() + POLL_AGAIN_MS)


def _row(context: Context, ask: Ask, post: Post, account: Account | None) -> dict[str, object]:
    """Return the answer about a post of an account, with its timeline where that was asked for."""
    receipt, paused = ask.understood.receipt(), pause_of(context, post)
    row = post_row(context.contract, post, account, context.web_url, receipt=receipt, paused=paused)
    if row["state"] == "pending":
        row["retry_at"] = _come_again(context)
    if ask.understood.input.get("include_timeline"):
        row["timeline"] = timeline_rows(context.ledger.timeline(post.id))
    return row


def publish(context: Context, room: WaitRoom, ask: Ask) -> Told:
    """Accept a post and, where the caller has time, wait for it; or try it out, where that was asked for."""
    demand(ask.principal, "posts:write")
    if ask.understood.input.get("dry_run"):
        body = rehearse(context, ask)
        return Told(post=None, body=body, outcome="settled")
    accepted, account = submit(context, ask)
    post, done = _wait(room, ask, accepted.post)
    # A replay tells the receipt of the acceptance, whatever was found since, and the state of now.
    receipt = accepted.post.receipt if accepted.replayed else post.receipt
    body = {**_row(context, ask, post, account), **receipt}
    settled = done and TABLE[post.state].settled
    return Told(post=post, body=body, outcome="settled" if settled else "pending", replayed=accepted.replayed)


def find_post(context: Context, ask: Ask) -> Post:
    """Find the post that a request names by `post_id`, `publish_id` or both.

    Raises PostrailError `post_not_found`, and `invalid_request` where the two name different posts.
    """
    given = {name: str(ask.understood.input.get(name) or "") for name in ("post_id", "publish_id")}
    posts = [_post_of(context, ask.principal, ref) for ref in given.values() if ref]
    if len({post.id for post in posts}) > 1:
        problem = Problem(
            field="publish_id",
            problem="ambiguous",
            got=" and ".join(f"{name}: {ref}" for name, ref in given.items()),
            expected="the ids of one post",
            fix="send the id of the post that is meant, alone",
        )
        message = "post_id and publish_id name different posts."
        raise PostrailError("invalid_request", message, details=[problem])
    return posts[0]


def _post_of(context: Context, principal: Principal, ref: str) -> Post:
    post = context.ledger.post(principal.workspace_id, ref)
    if post is None or principal.account_id not in {None, post.account_id}:
        raise PostrailError("post_not_found", f"There is no post {ref!r} in this workspace.")
    return post


def check_status(context: Context, room: WaitRoom, ask: Ask) -> Told:
    """Tell how a post stands, at once."""
    del room
    demand(ask.principal, "posts:read")
    post = find_post(context, ask)
    body = _row(context, ask, post, context.access.account(post.account_id))
    return Told(post=post, body=body, outcome="settled")


def wait_until_published(context: Context, room: WaitRoom, ask: Ask) -> Told:
    """Answer when the post has come as far as asked, or at the deadline with `retry_at`."""
    demand(ask.principal, "posts:read")
    post, done = _wait(room, ask, find_post(context, ask))
    body = _row(context, ask, post, context.access.account(post.account_id))
    if not done:
        body["state"] = "pending"
        body["retry_at"] = _come_again(context)
    return Told(post=post, body=body, outcome="settled" if done else "pending")


def list_accounts(context: Context, room: WaitRoom, ask: Ask) -> Told:
    """Tell which accounts are connected, and what works for each."""
    del room
    demand(ask.principal, "posts:read")
    rows, named = standings(context, ask.principal), ask.understood.input.get("account")
    if named is not None:
        meant = resolve_account(context.access, ask.principal, str(named)).id
        rows = [row for row in rows if row["account_id"] == meant]
    body = {"ok": True, "accounts": rows, **ask.understood.receipt()}
    return Told(post=None, body=body, outcome="settled")


def get_creator_info(context: Context, room: WaitRoom, ask: Ask) -> Told:
    """Tell what TikTok lets an account post right now."""
    del room
    demand(ask.principal, "posts:read")
    named = ask.understood.input.get("account")
    account = resolve_account(context.access, ask.principal, None if named is None else str(named))
    creator = ask_creator(context, account)
    app = context.desk.apps.find(account.app_id) if account.app_id else None
    body: dict[str, object] = {
        "ok": True,
        "account": {"open_id": account.open_id, "username": creator.username or account.username},
        "nickname": creator.nickname,
        "avatar_url": creator.avatar_url,
        "privacy_level_options": list(creator.privacy_level_options),
        "comment_disabled": creator.comment_disabled,
        "duet_disabled": creator.duet_disabled,
        "stitch_disabled": creator.stitch_disabled,
        "max_video_post_duration_sec": creator.max_video_post_duration_sec,
        "audit": app.audit if app else "unknown",
        **ask.understood.receipt(),
    }
    return Told(post=None, body=body, outcome="settled")


def upload_media(context: Context, room: WaitRoom, ask: Ask) -> Told:
    """Take in files that came with the request, or one as text: base64, data URI, or URL, fetched now."""
    del room
    demand(ask.principal, "posts:write")
    given = ask.understood.input
    with whole(context.library, given, ask.received) as received:
        body = take_in(context, ask.principal, received, album=album_of(given), fit=bool(given.get("fit")))
    return Told(post=None, body=with_receipt(body, ask.understood), outcome="settled")


def _decided(context: Context, ask: Ask, post: Post, said: list[str]) -> Told:
    """Answer with a post about which somebody has decided, and with what they are to be told."""
    body = _row(context, ask, post, context.access.account(post.account_id))
    warned = body["warnings"]
    body["warnings"] = [*(warned if isinstance(warned, list | tuple) else []), *said]
    settled = TABLE[post.state].settled
    return Told(post=post, body=body, outcome="settled" if settled else "pending")


def resolve(context: Context, room: WaitRoom, ask: Ask) -> Told:
    """Write what a person says has become of a post."""
    del room
    demand(ask.principal, "posts:write")
    post, given = find_post(context, ask), ask.understood.input
    url = None if given.get("post_url") is None else str(given["post_url"])
    return _decided(context, ask, *resolve_post(context, ask.principal, post, str(given["outcome"]), url))


def retry(context: Context, room: WaitRoom, ask: Ask) -> Told:
    """Have a failed post tried anew."""
    del room
    demand(ask.principal, "posts:write")
    repeat = bool(ask.understood.input.get("allow_repeat"))
    post = find_post(context, ask)
    return _decided(context, ask, *retry_post(context, ask.principal, post, allow_repeat=repeat))


def pause(context: Context, room: WaitRoom, ask: Ask) -> Told:
    """Let nothing new of an account, an app or a workspace be sent to TikTok."""
    del room
    demand(ask.principal, "posts:write")
    body = {**begin_pause(context, ask.principal, ask.understood.input), **ask.understood.receipt()}
    return Told(post=None, body=body, outcome="settled")


def resume(context: Context, room: WaitRoom, ask: Ask) -> Told:
    """Lift a pause."""
    del room
    demand(ask.principal, "posts:write")
    lifted, said = lift_pause(context, ask.principal, ask.understood.input)
    body: dict[str, object] = {**lifted, **ask.understood.receipt()}
    body["warnings"] = [*ask.understood.warnings, *said]
    return Told(post=None, body=body, outcome="settled")


def presign_upload(context: Context, room: WaitRoom, ask: Ask) -> Told:
    """Tell where the parts of a file are put that goes straight into the bucket."""
    del room
    body = presigned.begin(context, ask.principal, ask.understood.input)
    return Told(post=None, body=with_receipt(body, ask.understood), outcome="settled")


USE_CASES: dict[str, Callable[[Context, WaitRoom, Ask], Told]] = {
    "publish": publish,
    "check_status": check_status,
    "wait": wait_until_published,
    "list_accounts": list_accounts,
    "get_creator_info": get_creator_info,
    "upload_media": upload_media,
    "presign_upload": presign_upload,
    "resolve": resolve,
    "retry": retry,
    "pause": pause,
    "resume": resume,
}
"""What a manifest may name as `use_case`."""


def perform(context: Context, room: WaitRoom, ask: Ask) -> Told:
    """Perform an operation.

    Raises PostrailError with a catalogued code; its problems name fields as they were sent.
    """
    try:
        return USE_CASES[ask.operation.operation.use_case](context, room, ask)
    except PostrailError as error:
        error.details = ask.understood.told(error.details)
        raise
