"""What the engine needs to keep TikTok's webhooks and to act on them, as protocols; `wiring` fills them.

Times are UTC milliseconds since the epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from connector.engine.model import Entry, Post


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A genuine webhook as it came; `digest` is the same for every delivery of one event."""

    digest: str
    client_key: str
    event: str
    open_id: str | None
    publish_id: str | None
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A webhook in hand, until its lease ends."""

    digest: str
    body: bytes
    tries: int
    lease: str


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Something that cannot be under the rules, for a person to see."""

    kind: str
    post: Post
    payload: Mapping[str, object]


class HookInbox(Protocol):
    """TikTok's webhooks, each kept once. Each method is one transaction, durable when it returns."""

    def keep(self, arrival: Arrival) -> bool:
        """Store a webhook, due now; False when it is there already."""

    def claim(self, owner: str, *, limit: int, ttl_ms: int) -> list[Letter]:
        """Lease up to `limit` webhooks that are due, the longest due first."""

    def next_due(self) -> int | None:
        """Return the earliest time at which a webhook is due."""

    def about(self, publish_id: str) -> list[bytes]:
        """Return the bodies of all that TikTok has told of a publish task, in the order of their coming."""

    def finish(
        self,
        letter: Letter,
        outcome: str,
        *,
        post_id: str | None = None,
        entry: Entry | None = None,
        wake: bool = False,
        alarm: Alarm | None = None,
    ) -> None:
        """Mark a webhook as handled, with what was concluded from it, all or nothing.

        `entry` goes into the timeline of `post_id`; `wake` makes that post due now or, while somebody holds
        it, as soon as it is given back. Raises LeaseLost.
        """

    def again(self, letter: Letter, *, next_at: int | None, outcome: str) -> None:
        """Give a webhook back with its `tries`, due again at `next_at` (None: never by itself).

        Raises LeaseLost.
        """

    def last_received(self) -> int | None:
        """Return when the last webhook came."""


class HookAccounts(Protocol):
    """What webhooks need to know of TikTok apps and accounts, and what they change about them."""

    def client_secret(self, client_key: str) -> str | None:
        """Return the secret of a TikTok app, None for an unknown one."""

    def accounts_of(self, client_key: str, open_id: str) -> frozenset[str]:
        """Return our ids of the account that an app knows as `open_id`, one for each workspace."""

    def authorization_removed(self, client_key: str, open_id: str, *, at: int, reason: int | None) -> bool:
        """End what was granted before `at`; False when there is nothing to end. May be told again."""
