"""The engine's ledger on SQL: each method one transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from connector.domain.lifecycle import AttemptState, State
from connector.engine.model import (
    Accepted,
    Attempt,
    Change,
    Claim,
    Entry,
    Gate,
    Lease,
    NewPost,
    Post,
    Transfer,
)
from connector.engine.model_incident import Slot
from connector.store import accepting, attempts, claims, files, journal, leases, posts, quick, slots
from connector.store.incident import SqlIncident
from connector.store.sweeping import SqlSweeping

T = TypeVar("T")


class SqlLedger(SqlIncident, SqlSweeping):
    """`connector.engine.ports.Ledger` on a database that `migrate` has prepared.

    Besides what the port says, every method raises PostrailError `disk_full` or `not_ready` when the database
    fails. `ids` gives the lease tokens.
    """

    _busy = False
    """Whether the last claim has found something; a hint, for all threads of the process."""

    def _change(self, fn: Callable[[Connection, int | None], T]) -> T:
        """Run `fn` in one durable transaction, which asks for the time by a statement that it runs anyway."""
        return self._database.write(lambda conn: fn(conn, self._database.own_time()))

    def _write(self, fn: Callable[[Connection, int], T]) -> T:
        """Run `fn` with the store's time in one durable transaction."""
        return self._database.write(lambda conn: fn(conn, self._database.now(conn)))

    def now(self) -> int:
        """Return the store's own time, UTC milliseconds."""
        return self._database.read(self._database.now)

    def lately(self) -> int:
        """Return the store's time as it was told within the last second, UTC milliseconds."""
        return self._database.time()

    def accept(self, new: NewPost) -> Accepted:
        """Store a new post with its key, or find the one that its key binds."""

        def run(conn: Connection) -> Accepted:
            files.hold_uploads(conn, new.uploads)  # before the time is taken, which tells whether they live
            return accepting.accept(conn, self._database.own_time(), new)

        # By its key a post is stored once, however often that is tried.
        return self._database.each(run) if accepting.is_whole(new) else self._database.write(run)

    def claim(
        self, owner: str, *, limit: int, ttl_ms: int, late_ms: int = 0, moving: bool | None = None
    ) -> list[Claim]:
        """Lease up to `limit` due posts to `owner`.

        It looks before it writes, so that an idle loop is cheap, unless the last claim has found something.
        """
        if not self._busy and not self._is_due(late_ms):
            return []
        lease = Lease(post_id="", token=self._ids.token(), owner=owner)
        wish = claims.Wish(most=limit, ttl_ms=ttl_ms, late_ms=late_ms, moving=moving)
        found = self._database.each(lambda conn: quick.claim(conn, self._database.own_time(), lease, wish))
        if found is None:
            found = self._write(lambda conn, now: claims.claim(conn, now, lease, wish))
        self._busy = bool(found)
        return found

    def _is_due(self, late_ms: int) -> bool:
        return self._database.read(lambda conn: claims.is_due(conn, self._database.own_time(), late_ms))

    def take(self, post_id: str, owner: str, *, ttl_ms: int) -> Claim | None:
        """Lease one post, due or not; None while another owner holds it, who is told."""
        lease = Lease(post_id=post_id, token=self._ids.token(), owner=owner)
        return self._write(lambda conn, now: claims.take(conn, now, lease, ttl_ms=ttl_ms))

    def hand_over(self, lease: Lease, owner: str, *, ttl_ms: int) -> Claim | None:
        """Take a post over from whoever holds `lease`, by its token; None where that is stale."""
        new = Lease(post_id=lease.post_id, token=self._ids.token(), owner=owner)
        return self._write(lambda conn, now: claims.hand_over(conn, now, lease, new, ttl_ms=ttl_ms))

    def still_held(self, leases: Iterable[Lease]) -> frozenset[str]:
        """Return the ids of the posts that are under these very leases still."""
        wanted = tuple(leases)
        return self._database.read(lambda conn: claims.still_held(conn, wanted))

    def claim_doubtful(self, account_id: str, owner: str, *, limit: int, ttl_ms: int) -> list[Claim]:
        """Lease unconfirmed posts of an account that nobody holds."""
        lease = Lease(post_id="", token=self._ids.token(), owner=owner)
        take = partial(claims.claim_doubtful, lease=lease, account_id=account_id, limit=limit, ttl_ms=ttl_ms)
        return self._write(take)

    def next_due(self) -> int | None:
        """Return the earliest `next_at` of any post."""
        return self._database.read(claims.next_due)

    def renew(self, leases: Iterable[Lease], *, ttl_ms: int) -> frozenset[str]:
        """Extend leases; return the ids of the posts whose lease is lost."""
        held = tuple(leases)
        return self._write(lambda conn, now: claims.renew(conn, now, held, ttl_ms=ttl_ms))

    def release_all(self) -> int:
        """Let the lease of everybody end now, in every table."""
        return self._write(leases.expire)

    def save(self, lease: Lease, change: Change, *entries: Entry) -> Post:
        """Apply `change` under the lease, with its entries and its event."""
        return self._change(lambda conn, now: posts.save(conn, now, lease, change, entries))

    def release(
        self,
        lease: Lease,
        *,
        next_at: int | None,
        change: Change | None = None,
        entries: Sequence[Entry] = (),
    ) -> None:
        """Give the post back, due again at `next_at`, with what has become of it."""
        # One statement is whole by itself; run again, it says that the lease is lost, which it is by then.
        run = self._database.each if change is None and not entries else self._database.write
        own_time = self._database.own_time
        run(lambda conn: posts.release(conn, own_time(), lease, next_at, change, entries))

    def begin_attempt(self, lease: Lease, attempt_id: str, transfer: Transfer, entry: Entry) -> Attempt:
        """Open a new attempt; ValueError while an accepted or uncertain one is alive."""
        return self._change(lambda conn, now: attempts.begin(conn, now, lease, attempt_id, transfer, entry))

    def accept_attempt(
        self,
        lease: Lease,
        attempt_id: str,
        *,
        publish_id: str,
        upload_url: str | None,
        upload_expires_at: int | None,
        state: State,
        entry: Entry,
    ) -> Claim:
        """Open the gate: compare-and-set `sending -> accepted` with all that TikTok gave."""
        given = {"publish_id": publish_id, "upload_url": upload_url, "upload_expires_at": upload_expires_at}
        change = Change(state=state, publish_id=publish_id, tries=0)
        return self._change(
            lambda conn, now: attempts.accept(conn, now, lease, attempt_id, given, change, entry)
        )

    def resolve_attempt(
        self, lease: Lease, attempt_id: str, state: AttemptState, change: Change, entry: Entry
    ) -> Claim:
        """Move a live attempt to `void` (while `sending`), `rejected` or `uncertain`."""
        return self._change(
            lambda conn, now: attempts.resolve(conn, now, lease, attempt_id, state, change, entry)
        )

    def record_upload(
        self,
        lease: Lease,
        attempt_id: str,
        *,
        uploaded: int,
        final_chunk_started: bool,
        entries: Sequence[Entry] = (),
    ) -> Attempt:
        """Store the progress of an upload."""
        progress: dict[str, object] = {"uploaded": uploaded}
        if final_chunk_started:
            progress["final_chunk_started"] = True
        return self._change(
            lambda conn, now: attempts.record_upload(conn, now, lease, attempt_id, progress, entries)
        )

    def journal(self, post_id: str, *entries: Entry) -> None:
        """Append to a post's timeline without a lease."""
        self._write(lambda conn, now: journal.append(conn, now, post_id, entries))

    def reserve_slot(self, account_id: str, kind: str, *, gap_ms: int, burst: int) -> int:
        """Reserve the next slot of an account's rate; return its time."""
        return self._of_rate(
            slots.reserve, Slot(account_id=account_id, kind=kind, gap_ms=gap_ms, burst=burst)
        )

    def take_slot(self, account_id: str, kind: str, *, gap_ms: int, burst: int) -> int:
        """Take a slot for now, or say when there is one."""
        return self._of_rate(slots.take, Slot(account_id=account_id, kind=kind, gap_ms=gap_ms, burst=burst))

    def _of_rate(self, act: Callable[[Connection, int | None, Slot], int], slot: Slot) -> int:
        # A slot of which nobody heard is lost, no more.
        return self._database.each(lambda conn: act(conn, self._database.own_time(), slot))

    def post(self, workspace_id: str, ref: str) -> Post | None:
        """Find a post by its id, or by a publish id that it has or had."""
        return self._database.read(lambda conn: posts.find(conn, workspace_id, ref))

    def versions(self, post_ids: Sequence[str]) -> Mapping[str, int]:
        """Return the present version of each known post."""
        return self._database.read(lambda conn: posts.versions(conn, post_ids))

    def timeline(self, post_id: str) -> list[Entry]:
        """Return a post's journal, oldest first."""
        return self._database.read(lambda conn: journal.timeline(conn, post_id))

    def attempts(self, post_id: str) -> list[Attempt]:
        """Return a post's attempts, oldest first."""
        return self._database.read(lambda conn: attempts.of_post(conn, post_id))

    def told_of(self, publish_id: str) -> tuple[Post, Attempt] | None:
        """Return the attempt to which TikTok gave `publish_id`, with its post."""
        return self._database.read(lambda conn: attempts.told_of(conn, publish_id))

    def around(self, account_id: str, since: int) -> list[tuple[Post, Attempt]]:
        """Return what was sent for a TikTok account since a time."""
        return self._database.read(lambda conn: attempts.around(conn, account_id, since))

    def adopt(
        self, account_ids: Iterable[str], publish_id: str, created: tuple[int, int], entry: Entry
    ) -> bool:
        """Give an unknown publish id to the newest void attempt of these accounts."""
        mine = tuple(account_ids)
        return self._write(lambda conn, now: attempts.adopt(conn, now, mine, publish_id, created, entry))

    def gate(self, token: str) -> Gate | None:
        """Look behind a gate token."""
        return self._database.read(lambda conn: posts.gate(conn, token))
