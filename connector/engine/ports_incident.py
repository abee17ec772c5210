"""What people decide about posts, as part of the ledger's port: each decision is one transaction, audited."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from connector.engine.model import Lease, Post
from connector.engine.model_incident import (
    Anew,
    AuditLine,
    Deed,
    Parked,
    Pause,
    Scope,
    Slot,
    Verdict,
    Waiting,
    Wanted,
    Word,
)


class Paused(Exception):
    """A pause covers the post: nothing new of it may be sent."""


class IncidentLedger(Protocol):
    """Posts settled and tried anew by a person's word, pauses, and the audit of all of it."""

    def word(self, post: Post) -> Word:
        """Return whether TikTok has said that a post is published: by its status, or by any webhook of it.

        What a webhook told before the post was in doubt counts as well, and one that could not be acted on.
        """

    def holder(self, post: Post, public_id: str, *, since: int) -> Post | None:
        """Return another post of the same TikTok account, of any workspace, that has this public id.

        Only posts that were tried at `since` (UTC milliseconds) or later are looked at.
        """

    def settle(self, post: Post, verdict: Verdict, deed: Deed) -> Post:
        """Write what a person says has become of a post that is `unconfirmed` or `held`.

        Where it has failed, every attempt of it is over: no byte of it leaves any more, and what TikTok has
        said of a guessed publish id is no longer told of it.

        Raises PostrailError `post_not_resolvable` where the post is in another state by now, and `post_busy`
        while somebody works on it. Where it is to fail, also `tiktok_says_published` where TikTok has said
        that it is published, and `post_busy` while a webhook about it has not been acted on.
        """

    def requeue(self, post: Post, anew: Anew, deed: Deed) -> Post:
        """Move a failed post back to `queued`, its attempts over and counted anew, its slot reserved.

        Raises PostrailError `post_not_failed` where the post has been moved since it was read, `post_busy`
        and `tiktok_says_published` as `settle`, and `retry_superseded` where the same input was accepted for
        the account, or tried anew, after it. Nothing is reserved then.
        """

    def pause(self, pause: Pause, deed: Deed) -> bool:
        """Pause a scope, once every attempt that is being opened has been; False where it is paused already.

        When it returns, no attempt of the scope is opened or accepted any more. `pause.since` is filled in.
        """

    def end_pause(self, scope: Scope, deed: Deed) -> bool:
        """Lift a pause; False where there is none. Its posts are due again once `unpark` has been called."""

    def pauses(self, workspace_id: str) -> list[Pause]:
        """Return the pauses that touch a workspace, the oldest first."""

    def pause_over(self, post_id: str) -> Pause | None:
        """Return the pause that keeps a post from being sent now, the oldest one."""

    def park(self, lease: Lease) -> None:
        """Give a post back that may not be sent, its gate shut: parked, or due now where the pause is over.

        Raises LeaseLost.
        """

    def parked(self, limit: int) -> list[Parked]:
        """Return posts that are parked although every pause over them has been lifted, the longest due first.

        Where there is none left, the lifted pauses are forgotten.
        """

    def unpark(self, slots: Mapping[str, Slot | None]) -> int:
        """Make parked posts due as they were, by post id; return how many still were parked.

        Those with a slot are due at its time, where that is to come. A slot is reserved for a post that this
        call makes due, and for no other: any number of processes may let the same posts go.
        """

    def audit(self, workspace_id: str, *, limit: int, before: int | None = None) -> list[AuditLine]:
        """Return what was done in a workspace and to all, the newest first, from behind id `before`."""

    def newest(self, workspace_id: str, wanted: Wanted) -> Sequence[Post]:
        """Return posts of a workspace, the newest first."""

    def waiting(self, workspace_id: str) -> Waiting:
        """Count the posts of a workspace that wait for a person, and those of alarms."""
