"""The transfer that the bytes of a post take, by what its caller wants, its size, our line and our host."""

from collections.abc import Mapping, Sequence

from connector.domain.hosting import Standing
from connector.domain.transfer import Choice, choose_transfer
from connector.engine.context import Context
from connector.engine.model import Account, Attempt, Kind, MediaItem, Post

UNVERIFIED = "url_ownership_unverified"
"""TikTok's code for a host that it does not know as ours."""


def transfer_of(
    context: Context, account: Account, kind: Kind, content: Mapping[str, object], media: Sequence[MediaItem]
) -> Choice:
    """Choose the transfer of a post: photos are fetched by TikTok always."""
    if kind == "photo":
        return Choice(transfer="pull")
    rate = context.uplink.rate(at=context.clock.ticks())
    return choose_transfer(
        str(content.get("transfer") or "auto"),
        size=sum(item.size for item in media),
        rate=rate,
        can_pull=rate is not None and _can_pull(context, account),
    )


def _can_pull(context: Context, account: Account) -> bool:
    """Whether TikTok may fetch from us, as far as is known. The sandbox fetches from this machine."""
    if context.hosting.is_refused:
        return False
    return account.sandbox or context.hosting.standing() is Standing.PROVEN


def learn_of_pull(context: Context, post: Post, attempt: Attempt, code: str) -> bool:
    """Note that TikTok does not know the host as ours, though a proof is served. Gives whether to upload now.

    Only its portal tells what TikTok has verified; a caller who has asked for a pull is told instead.
    """
    if code != UNVERIFIED or attempt.transfer != "pull" or post.kind != "video":
        return False
    context.hosting.is_refused = True
    return post.input.get("transfer") != "pull"


def warnings_of(
    context: Context, account: Account, kind: Kind, content: Mapping[str, object], media: Sequence[MediaItem]
) -> tuple[str, ...]:
    """Return what a caller is to be warned of about the way of a post's bytes."""
    choice = transfer_of(context, account, kind, content, media)
    return (choice.reason,) if choice.is_risky else ()
