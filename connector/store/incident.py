"""The part of the ledger that people's decisions go through: each method one transaction."""

from collections.abc import Mapping
from functools import partial

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
from connector.kernel.ids import Ids
from connector.store import auditing, deciding, pausing
from connector.store.database import Database

PERSON = "person"
"""The owner of a lease that a decision takes."""


class SqlIncident:
    """`connector.engine.ports_incident.IncidentLedger` on a database that `migrate` has prepared.

    `ids` gives the lease tokens.
    """

    def __init__(self, database: Database, *, ids: Ids) -> None:
        self._database = database
        self._ids = ids

    def _lease(self, post: Post) -> Lease:
        return Lease(post_id=post.id, token=self._ids.token(), owner=PERSON)

    def word(self, post: Post) -> Word:
        """Return whether TikTok has said that a post is published."""
        return self._database.read(lambda conn: deciding.word(conn, post))

    def holder(self, post: Post, public_id: str, *, since: int) -> Post | None:
        """Return another post of the same TikTok account that has this public id."""
        return self._database.read(lambda conn: deciding.holder(conn, post, public_id, since))

    def settle(self, post: Post, verdict: Verdict, deed: Deed) -> Post:
        """Write what a person says has become of a post."""
        lease, now = self._lease(post), self._database.now
        return self._database.write(lambda conn: deciding.settle(conn, now(conn), lease, verdict, deed))

    def requeue(self, post: Post, anew: Anew, deed: Deed) -> Post:
        """Move a failed post back to `queued`."""
        lease, now = self._lease(post), self._database.now
        again = partial(deciding.requeue, lease=lease, version=post.version, anew=anew, deed=deed)
        return self._database.write(lambda conn: again(conn, now(conn)))

    def pause(self, pause: Pause, deed: Deed) -> bool:
        """Pause a scope; False where it is paused already."""
        now = self._database.now
        return self._database.write(lambda conn: pausing.pause(conn, now(conn), pause, deed))

    def end_pause(self, scope: Scope, deed: Deed) -> bool:
        """Lift a pause; False where there is none."""
        now = self._database.now
        return self._database.write(lambda conn: pausing.end(conn, now(conn), scope, deed))

    def pauses(self, workspace_id: str) -> list[Pause]:
        """Return the pauses that touch a workspace, the oldest first."""
        return self._database.read(lambda conn: pausing.of_workspace(conn, workspace_id))

    def pause_over(self, post_id: str) -> Pause | None:
        """Return the pause that keeps a post from being sent now."""
        return self._database.read(lambda conn: pausing.over(conn, post_id))

    def park(self, lease: Lease) -> None:
        """Give a post back that may not be sent."""
        now = self._database.now
        self._database.write(lambda conn: pausing.park(conn, now(conn), lease))

    def parked(self, limit: int) -> list[Parked]:
        """Return posts whose pauses have been lifted; looks before it reads, so that a keeper is cheap."""
        if not self._database.read(pausing.is_any_lifted):
            return []
        found = self._database.read(lambda conn: pausing.free(conn, limit))
        if not found:
            self._database.write(pausing.forget_lifted)
        return found

    def unpark(self, slots: Mapping[str, Slot | None]) -> int:
        """Make parked posts due, and reserve the slots that they need."""
        now = self._database.now
        return self._database.write(lambda conn: pausing.unpark(conn, now(conn), slots))

    def audit(self, workspace_id: str, *, limit: int, before: int | None = None) -> list[AuditLine]:
        """Return what was done, the newest first."""
        return self._database.read(
            lambda conn: auditing.lines(conn, workspace_id, limit=limit, before=before)
        )

    def newest(self, workspace_id: str, wanted: Wanted) -> list[Post]:
        """Return posts of a workspace, the newest first."""
        return self._database.read(lambda conn: deciding.newest(conn, workspace_id, wanted))

    def waiting(self, workspace_id: str) -> Waiting:
        """Count the posts that wait for a person, and those of alarms."""
        return self._database.read(lambda conn: deciding.waiting(conn, workspace_id))
