"""How the bytes of a video reach TikTok: sent by us, or fetched by TikTok. Pure.

TikTok's upload URL lives for an hour (media transfer guide), so an upload that takes longer never ends.
"""

from dataclasses import dataclass
from typing import Literal

from connector.domain.retry import URL_MARGIN_MS

UPLOAD_LIFE_S = 3600
"""Seconds for which TikTok takes the bytes of an upload."""

SAFE_SHARE = 0.8
"""The part of that time which an upload may be expected to take: a line is not as fast every hour."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The transfer, why it is that (empty: nothing speaks against the usual), and whether to warn of it."""

    transfer: Literal["upload", "pull"]
    reason: str = ""
    is_risky: bool = False


def choose_transfer(wanted: str, *, size: int, rate: float | None, can_pull: bool) -> Choice:
    """Choose the transfer of a video of `size` bytes.

    `wanted` is `upload`, `pull` or `auto`; `rate` is what the last uploads went at in bytes a second, None
    where none was measured; `can_pull`: TikTok may fetch from our public address, as far as is known.
    """
    if wanted == "pull":
        return Choice(transfer="pull")
    if rate is None or size <= rate * UPLOAD_LIFE_S * SAFE_SHARE:
        return Choice(transfer="upload")
    seconds = size / rate
    slow = (
        f"at {_speed(rate)}, as the last uploads went, sending {_bytes(size)} takes {seconds / 60:.0f} "
        f"minutes, and TikTok takes the bytes for {UPLOAD_LIFE_S // 60}"
    )
    if wanted == "auto" and can_pull:
        return Choice(transfer="pull", reason=f"{slow}: TikTok fetches the video instead")
    doubt = "cannot" if seconds > UPLOAD_LIFE_S else "may not"
    return Choice(transfer="upload", reason=f"the upload {doubt} end in time: {slow}", is_risky=True)


def may_be_complete(*, final_chunk_started: bool, is_final: bool) -> bool:
    """Tell whether TikTok may have every byte of an upload, so that its status alone says how that ended.

    `final_chunk_started` is what the ledger knows; `is_final`: the last chunk was just sent, to no avail.
    """
    return final_chunk_started or is_final


def is_past_its_hour(expires_at: int | None, now: int, *, final_chunk_started: bool) -> bool:
    """Tell whether no byte can complete an upload any more, and none has; times are UTC milliseconds.

    `expires_at` is None where TikTok gave no upload URL.
    """
    late = expires_at is not None and now > expires_at + URL_MARGIN_MS
    return late and not final_chunk_started


def _bytes(size: float) -> str:
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"  # noqa: PLR2004 - a megabyte


def _speed(rate: float) -> str:
    return f"{rate / 1e6:.1f} MB/s" if rate >= 1e6 else f"{rate / 1e3:.0f} kB/s"  # noqa: PLR2004 - a megabyte
