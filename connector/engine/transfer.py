"""The transfer that the bytes of a post take, by what its caller wants, its size, our line and our host."""

from collections.abc import Mapping, Sequence

from connector.domain.hosting import Standing
from connector.domain.transfer import Choice, choose_transfer
from connector.engine.context import Context
from connector.engine.model import Account, Kind, MediaItem


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
    """Whether TikTok may fetch from us. The sandbox fetches from this machine."""
    return account.sandbox or context.hosting.standing() is Standing.PROVEN


def warnings_of(
    context: Context, account: Account, kind: Kind, content: Mapping[str, object], media: Sequence[MediaItem]
) -> tuple[str, ...]:
    """Return what a caller is to be warned of about the way of a post's bytes."""
    choice = transfer_of(context, account, kind, content, media)
    return (choice.reason,) if choice.is_risky else ()
