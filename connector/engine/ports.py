"""What the engine needs from the outside, as protocols; `wiring` fills them.

Every write to a post carries a lease and happens only while that lease holds it; otherwise `LeaseLost`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from connector.domain.chunks import Chunk, ChunkPlan
from connector.domain.lifecycle import AttemptState, State
from connector.domain.sources import OPEN_TERMS, SourceTerms
from connector.engine.blobs import Blob
from connector.engine.model import (
    Accepted,
    Account,
    ApiKey,
    Attempt,
    Change,
    Claim,
    Entry,
    Gate,
    Kind,
    Lease,
    MediaItem,
    MediaLook,
    NewPost,
    Post,
    Transfer,
)
from connector.engine.ports_dispatch import HandingLedger
from connector.engine.ports_incident import IncidentLedger
from connector.engine.ports_sweeping import SweepingLedger


class LeaseLost(Exception):
    """Another owner holds the post now (or the compare-and-set was lost): stop, and write nothing more."""


class AccountBusy(Exception):
    """The account has another attempt in `sending`: come back soon."""


class Ledger(IncidentLedger, HandingLedger, SweepingLedger, Protocol):
    """Posts, attempts, journal, idempotency, what people decide, and what is swept in the end.

    Each method is one transaction, durable when it returns.
    """

    def now(self) -> int:
        """Return the store's own time, UTC milliseconds."""

    def lately(self) -> int:
        """Return the same without a question to the store: for ages and schedules.

        It is never ahead, and behind by no more than an answer of the store takes.
        """

    def accept(self, new: NewPost) -> Accepted:
        """Store a new post as `queued`, due now, with its key; or find the one that its key already binds.

        Raises PostrailError: `idempotency_conflict` when the key binds another input, `duplicate_request`
        without a key, when the same input for the same account was accepted within `repeat_window_ms` and has
        not failed, `media_expired` when the life of an upload that it names is over.
        """

    def claim(
        self, owner: str, *, limit: int, ttl_ms: int, late_ms: int = 0, moving: bool | None = None
    ) -> list[Claim]:
        """Lease up to `limit` posts, the longest due first, to `owner` for `ttl_ms`.

        Those alone that have been due for `late_ms`. Where `moving` is given, those alone whose state and
        transfer say that a file is to be fetched or uploaded next, or those alone where they do not.
        Posts that a pause covers are parked instead, unless TikTok has them already.
        """

    def take(self, post_id: str, owner: str, *, ttl_ms: int) -> Claim | None:
        """Lease one post, due or not, keeping its schedule in the claim's post.

        None while another owner holds it: that one is told, and gives it back as due at once.
        """

    def claim_doubtful(self, account_id: str, owner: str, *, limit: int, ttl_ms: int) -> list[Claim]:
        """Lease up to `limit` unconfirmed posts of an account that nobody holds, due or not.

        The claims' posts keep the schedule that they had. One that TikTok has just told of is left out.
        """

    def next_due(self) -> int | None:
        """Return the earliest `next_at` of any post, None when nothing is pending."""

    def renew(self, leases: Iterable[Lease], *, ttl_ms: int) -> frozenset[str]:
        """Extend leases to `ttl_ms` from now; return the ids of the posts whose lease is lost."""

    def release_all(self) -> int:
        """Let the lease of everybody end now, of posts and of all else that is leased; return how many.

        For a start after nobody is left.
        """

    def save(self, lease: Lease, change: Change, *entries: Entry) -> Post:
        """Apply `change`, append to the journal and, when the state changes, write the event.

        The lease stays held. Raises LeaseLost, and ValueError for a transition the lifecycle does not know.
        """

    def release(
        self,
        lease: Lease,
        *,
        next_at: int | None,
        change: Change | None = None,
        entries: Sequence[Entry] = (),
    ) -> None:
        """Give the post back, due again at `next_at` (None: never by itself), with what `save` would do.

        Raises LeaseLost, and ValueError as `save` does.
        """

    def begin_attempt(self, lease: Lease, attempt_id: str, transfer: Transfer, entry: Entry) -> Attempt:
        """Void the attempt that is still `sending`, open a new one, move the post to `sending`.

        Raises LeaseLost, Paused, and AccountBusy when another post of the account is in its init.
        """

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
        """Compare-and-set the attempt `sending -> accepted` and store what TikTok gave.

        Raises LeaseLost when the attempt is no longer `sending`, and Paused when a pause has come meanwhile:
        its bytes must then never leave.
        """

    def resolve_attempt(
        self, lease: Lease, attempt_id: str, state: AttemptState, change: Change, entry: Entry
    ) -> Claim:
        """Move a live attempt to `void`, `rejected` or `uncertain` and apply `change` to its post.

        Raises LeaseLost.
        """

    def record_upload(
        self,
        lease: Lease,
        attempt_id: str,
        *,
        uploaded: int,
        final_chunk_started: bool,
        entries: Sequence[Entry] = (),
    ) -> Attempt:
        """Store the bytes TikTok has confirmed, or that the last PUT is about to start, with `entries`.

        Raises LeaseLost.
        """

    def journal(self, post_id: str, *entries: Entry) -> None:
        """Append to a post's timeline without a lease (reads and rejected calls)."""

    def reserve_slot(self, account_id: str, kind: str, *, gap_ms: int, burst: int) -> int:
        """Reserve the next slot of a rate (`burst` at once, then one each `gap_ms`); return its time."""

    def take_slot(self, account_id: str, kind: str, *, gap_ms: int, burst: int) -> int:
        """Take a slot of a rate for now and return 0, or take none and return milliseconds until one is."""

    def post(self, workspace_id: str, ref: str) -> Post | None:
        """Find a post of a workspace by its id or by its `publish_id`."""

    def versions(self, post_ids: Sequence[str]) -> Mapping[str, int]:
        """Return the present `version` of each known post: a cheap look for those who wait."""

    def timeline(self, post_id: str) -> list[Entry]:
        """Return a post's journal, oldest first."""

    def attempts(self, post_id: str) -> list[Attempt]:
        """Return a post's attempts, oldest first."""

    def told_of(self, publish_id: str) -> tuple[Post, Attempt] | None:
        """Return the attempt to which TikTok gave `publish_id`, with its post, whatever became of them."""

    def around(self, account_id: str, since: int) -> list[tuple[Post, Attempt]]:
        """Return what was sent for a TikTok account, from whatever workspace, since a time (UTC ms).

        Each attempt that TikTok has given a publish id, with its post.
        """

    def adopt(
        self, account_ids: Iterable[str], publish_id: str, created: tuple[int, int], entry: Entry
    ) -> bool:
        """Give an unknown publish id to the newest void attempt of these accounts, for audit.

        `created`: from and to when its attempt was opened, UTC milliseconds. False where there is none.
        Raises AccountBusy while one of the accounts has an init under way, whose answer may be that id.
        """

    def gate(self, token: str) -> Gate | None:
        """Look behind a gate token; None when there never was such an attempt."""


class AccessStore(Protocol):
    """Workspaces, API keys and accounts."""

    def first_workspace(self) -> str | None:
        """Return the id of the oldest workspace, if there is one."""

    def ensure_workspace(self, workspace_id: str, name: str) -> str:
        """Return the id of the oldest workspace; creates this one where there is none, once for all."""

    def add_workspace(self, workspace_id: str, name: str) -> None:
        """Create a workspace."""

    def add_key(self, key: ApiKey, secret_hash: str) -> None:
        """Store a key by the SHA-256 (hex) of its secret."""

    def add_first_key(self, key: ApiKey, secret_hash: str) -> bool:
        """Store a key unless its workspace has one; say whether it was stored."""

    def find_key(self, secret_hash: str) -> ApiKey | None:
        """Find a key by the hash of its secret, revoked ones too; notes that it was used."""

    def keys(self, workspace_id: str) -> list[ApiKey]:
        """List the keys of a workspace, oldest first."""

    def revoke_key(self, workspace_id: str, key_id: str) -> bool:
        """Revoke a key; False when there is none of that id."""

    def account(self, account_id: str, app_id: str | None = None) -> Account | None:
        """Return an account by our id, as `app_id` may act for it (None: as the best of its apps may).

        Its access token is empty where that app may not.
        """

    def meant(self, workspace_id: str, ref: str) -> list[Account]:
        """Return the accounts of a workspace that `ref` may mean, oldest first, as `accounts` does.

        It is our id, an `open_id`, or a handle, with or without @, in whatever letters.
        """

    def only(self, workspace_id: str) -> Account | None:
        """Return the only account of a workspace that is not disconnected, or the only one that there is."""

    def accounts(self, workspace_id: str) -> list[Account]:
        """List the accounts of a workspace, oldest first, each as the best of its apps may act for it."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """How one call to TikTok went, for the journal."""

    name: str
    status: int | None = None
    code: str | None = None
    log_id: str | None = None
    took_ms: int = 0


class TikTokError(Exception):
    """A call to TikTok that did not succeed.

    `outcome`: `refused` (TikTok said no: it had no effect), `unsent` (it never arrived), `unknown` (it may
    have had its effect), `retry` (TikTok asked to come later: 429, or a 5xx to a read).
    """

    def __init__(
        self, outcome: Literal["refused", "unsent", "unknown", "retry"], call: Call, code: str, message: str
    ) -> None:
        super().__init__(f"{call.name}: {code}: {message}")
        self.outcome = outcome
        self.call = call
        self.code = code
        self.message = message


@dataclass(frozen=True, kw_only=True)
class CreatorInfo:
    """What TikTok lets an account do right now."""

    username: str
    nickname: str
    privacy_level_options: tuple[str, ...]
    comment_disabled: bool
    duet_disabled: bool
    stitch_disabled: bool
    max_video_post_duration_sec: int
    call: Call
    avatar_url: str = ""
    """Valid for two hours."""


@dataclass(frozen=True, kw_only=True)
class Initiated:
    """TikTok has opened a publish task: its id and, for FILE_UPLOAD, where the bytes go."""

    publish_id: str
    call: Call
    upload_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """TikTok's answer to one PUT: the bytes it holds, and whether that is all of them."""

    uploaded: int
    complete: bool
    call: Call


@dataclass(frozen=True, kw_only=True)
class PublishStatus:
    """TikTok's answer to status/fetch; `raw` is its whole JSON with 64-bit ids as strings."""

    status: str
    fail_reason: str | None
    public_ids: tuple[str, ...]
    raw: Mapping[str, object]
    call: Call


class TikTok(Protocol):
    """TikTok's Content Posting API. Every method raises TikTokError; none retries by itself."""

    def creator_info(self, account: Account) -> CreatorInfo:
        """Ask what the account may post."""

    def init_video(
        self, account: Account, post: Post, *, plan: ChunkPlan | None, video_url: str | None
    ) -> Initiated:
        """Open a video post: by upload with `plan`, or by pull from `video_url`; exactly one is given.

        A post whose mode is `inbox` becomes a draft in the creator's inbox.
        """

    def init_photo(self, account: Account, post: Post, *, photo_urls: Sequence[str]) -> Initiated:
        """Open a photo post, or a draft by its mode; TikTok pulls the pictures from `photo_urls`."""

    def upload_chunk(self, upload_url: str, blob: Blob, chunk: Chunk, *, mime: str) -> Uploaded:
        """PUT one chunk of a file, streamed. A 416 is an answer: it tells what TikTok holds."""

    def status(self, account: Account, publish_id: str) -> PublishStatus:
        """Ask how a publish task stands."""


class MediaRoom(Protocol):
    """Fetches, checks, converts and keeps media files."""

    def take_in(
        self,
        url: str,
        kind: Kind,
        *,
        field_path: str,
        terms: SourceTerms = OPEN_TERMS,
        fit: bool = False,
    ) -> MediaItem:
        """Fetch `url` into the spool, look at it by content, and convert it where TikTok would refuse it.

        `terms` are what its host is asked for; `fit`: a photo that is too large is scaled down.
        Raises PostrailError with the code and the problem of `field_path`; nothing half stays behind.
        """

    def look(
        self,
        url: str,
        kind: Kind,
        *,
        field_path: str,
        terms: SourceTerms = OPEN_TERMS,
        fit: bool = False,
    ) -> MediaLook:
        """Do what `take_in` does and keep nothing; of a video only what is needed to judge it is fetched.

        Raises PostrailError as `take_in` does.
        """

    def preview(self, item: MediaItem, *, side: int, at_ms: int = 0) -> bytes:
        """Return a small JPEG of a spooled file, upright, with no side above `side` pixels.

        Of a video it is the frame at `at_ms` milliseconds, behind its end the last one. Raises PostrailError
        `media_gone`, and `preview_failed` where the file shows nothing.
        """

    def blob(self, media_id: str) -> Blob:
        """Return a spooled file. Raises PostrailError `media_gone`, `media_storage_failed`."""

    def verify(self, media_id: str) -> None:
        """Read a spooled file whole: it must still be what was looked at.

        Raises PostrailError `media_gone`, `media_changed`.
        """
