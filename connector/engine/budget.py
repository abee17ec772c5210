"""How often an account may call TikTok: kept here, for all processes together, so that TikTok never says 429.

TikTok counts calls in a sliding minute for each user token, that is for each account and app. `burst` calls
may be made at once, then one each `gap_ms`; in no minute are that more than TikTok's limit.
"""

from dataclasses import dataclass

from connector.engine.desk import Office
from connector.engine.model import Account, Post
from connector.engine.model_incident import Parked, Slot

MINUTE_MS = 60_000


@dataclass(frozen=True)
class Budget:
    """A rate: the most calls that TikTok takes in a minute, and how we keep within it."""

    limit: int
    burst: int
    gap_ms: int


INIT = Budget(limit=6, burst=2, gap_ms=20_000)
BUDGETS = {
    "creator_info": Budget(limit=20, burst=8, gap_ms=6_000),
    "status": Budget(limit=30, burst=14, gap_ms=4_000),
    # What an account shows is read for all its unconfirmed posts at once: far below TikTok's 600 a minute.
    "video_list": Budget(limit=30, burst=1, gap_ms=90_000),
    "display": Budget(limit=600, burst=250, gap_ms=200),
    "init_video": INIT,
    "init_inbox_video": INIT,
    "init_content": INIT,
}
"""The budget of each kind of call (reference page "Rate limits"; each init address has its own)."""


def init_kind(post: Post | Parked) -> str:
    """Return which of TikTok's init addresses a post goes to."""
    if post.kind == "photo":
        return "init_content"
    return "init_inbox_video" if post.mode == "inbox" else "init_video"


def _name(account: Account, kind: str) -> str:
    return kind if account.app_id is None else f"{kind} {account.app_id}"


def slot_of(account: Account, kind: str) -> Slot | None:
    """Return what to reserve for the account's next call of a kind; None where nobody counts its calls."""
    if not account.paced:
        return None
    budget = BUDGETS[kind]
    return Slot(account_id=account.id, kind=_name(account, kind), gap_ms=budget.gap_ms, burst=budget.burst)


def reserve(office: Office, account: Account, kind: str) -> int:
    """Reserve the account's next call of a kind for whoever asks; return milliseconds until then."""
    slot = slot_of(account, kind)
    if slot is None:
        return 0
    at = office.ledger.reserve_slot(slot.account_id, slot.kind, gap_ms=slot.gap_ms, burst=slot.burst)
    return max(0, at - office.ledger.now())


def take(office: Office, account: Account, kind: str) -> int:
    """Take a call of a kind for now; where none is left return the milliseconds until one is, taking none."""
    if not account.paced:
        return 0
    budget = BUDGETS[kind]
    return office.ledger.take_slot(account.id, _name(account, kind), gap_ms=budget.gap_ms, burst=budget.burst)
