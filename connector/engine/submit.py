"""Accepts a post: one row per idempotency key, durable before it is answered."""

from dataclasses import dataclass

from connector.domain.hosting import refusal
from connector.engine.accounts import resolve_account
from connector.engine.ask import Ask
from connector.engine.context import Context
from connector.engine.library import reach_of, resolve
from connector.engine.model import Accepted, Account, Kind, NewPost, Transfer
from connector.engine.model_media import Upload
from connector.engine.modes import choose, with_draft
from connector.kernel.errors import PostrailError, Problem
from connector.kernel.jsontext import digest

KEY_LIMIT = 255


def check_key(key: str | None) -> str | None:
    """Return a usable idempotency key, or None for none.

    Raises PostrailError `invalid_request` for a key that is not 1 to 255 printable ASCII characters.
    """
    if key is None:
        return None
    if 1 <= len(key) <= KEY_LIMIT and key.isascii() and key.isprintable():
        return key
    problem = Problem(
        field="idempotency_key",
        problem="not_a_key",
        got=f"{len(key)} characters",
        expected=f"1 to {KEY_LIMIT} printable ASCII characters",
        fix="derive a short key, for instance from the execution and the item",
    )
    raise PostrailError("invalid_request", "The idempotency key cannot be used.", details=[problem])


def wanted_transfer(kind: Kind, wanted: object) -> Transfer:
    """Return the transfer that a post is accepted with: photos are always fetched by TikTok."""
    if kind == "photo":
        return "pull"
    return "pull" if wanted == "pull" else "upload"


def check_reachable(context: Context, account: Account, transfer: Transfer) -> None:
    """Refuse a pull that TikTok could never make, before anything is stored. The sandbox judges itself.

    Raises PostrailError.
    """
    if transfer == "pull" and not account.sandbox:
        hosting = context.hosting
        if refused := refusal(hosting.public_url, hosting.standing()):
            raise refused


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A post that could be accepted now: what would be stored, the uploads it names, and its account.

    `account` is as the app that was chosen may act for it.
    """

    new: NewPost
    uploads: tuple[Upload, ...]
    account: Account


def draw_up(context: Context, ask: Ask) -> Draft:
    """Turn what was asked into a post, and store nothing.

    Raises PostrailError as `resolve_account`, `library.resolve` and `modes.choose` do.
    """
    given = ask.understood.input
    account = resolve_account(context.access, ask.principal, _text(given.get("account")))
    kind: Kind = "photo" if ask.operation.operation.kind == "photo" else "video"
    content, uploads = resolve(context.library, reach_of(ask.principal), kind, ask.understood.content)
    transfer = wanted_transfer(kind, content.get("transfer"))
    check_reachable(context, account, transfer)
    way = choose(context, account, content)
    receipt = ask.understood.receipt()
    if way.mode == "inbox":
        receipt = with_draft(kind, content, receipt, *way.warnings)
    new = NewPost(
        id=context.ids.new("post"),
        workspace_id=ask.principal.workspace_id,
        account_id=account.id,
        operation=ask.operation.key,
        dialect=ask.dialect,
        kind=kind,
        mode=way.mode,
        transfer=transfer,
        input=content,
        receipt=receipt,
        input_hash=digest({"operation": ask.operation.key, "account": account.id, "input": content}),
        idempotency_key=check_key(ask.key),
        repeat_window_ms=0 if given.get("allow_repeat") else context.repeat_window_ms,
        app_id=way.account.app_id,
        uploads=tuple(upload.id for upload in uploads),
    )
    return Draft(new=new, uploads=uploads, account=way.account)


def submit(context: Context, ask: Ask) -> tuple[Accepted, Account]:
    """Store the post that was asked for, or find the one that its key already binds; tell its account too.

    Raises PostrailError as `draw_up` and `Ledger.accept` do.
    """
    draft = draw_up(context, ask)
    with context.library.intake.held(upload.item.media_id for upload in draft.uploads):
        accepted = context.ledger.accept(draft.new)
    context.wake()
    return accepted, draft.account


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
