"""The values that the engine and its ports pass to each other: frozen, keyword-only, changed by `replace`.

Times are UTC milliseconds since the epoch. Ids that TikTok gives as 64-bit numbers are strings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from connector.domain.lifecycle import TIKTOK_PUBLISHED, AttemptState, State

Kind = Literal["video", "photo"]
Mode = Literal["direct", "inbox"]
Transfer = Literal["upload", "pull"]

UNEXPECTED = "unexpected_publish"
"""Why a post is held that TikTok has reported as published although that cannot be."""


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who is calling: the key behind a request, its name, and what it may do.

    `is_operator`: no key at all, but whoever has the command line of this installation.
    """

    workspace_id: str
    key_id: str
    scopes: frozenset[str] = frozenset()
    account_id: str | None = None
    name: str = ""
    is_operator: bool = False


@dataclass(frozen=True, kw_only=True)
class Account:
    """A TikTok account that a workspace publishes to, as one of its apps may act for it.

    `paced` is False for sandbox accounts, which have no rate slots. `sandbox`: nothing real happens.
    `access_token` is empty while no app may act for it. `scopes` are those granted to `app_id`, None where
    that is not known.
    """

    id: str
    workspace_id: str
    open_id: str
    username: str
    access_token: str = field(repr=False)
    paced: bool = True
    sandbox: bool = False
    display_name: str | None = None
    app_id: str | None = None
    grant_id: str | None = None
    scopes: frozenset[str] | None = None
    disconnected: bool = False


@dataclass(frozen=True, kw_only=True)
class MediaItem:
    """One file of a post, as it lies in the spool.

    `media_id` is the SHA-256 of the bytes (hex); `size` in bytes; `width`, `height` in pixels as displayed;
    `duration_ms` for video. `name` is the last part of its public URL. `changes` tells what was done to the
    source ("converted from image/png"); `etag` is the strong one that its source gave, if any.
    """

    media_id: str
    kind: Kind
    name: str
    mime: str
    size: int
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    source_url: str = ""
    etag: str = ""
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MediaLook:
    """What a file at its source was found to be, without keeping it.

    `item` is what it would become (`media_id` empty); `facts` what its headers tell beside: codec and frame
    rate of a video, what a photo was before it was converted.
    """

    item: MediaItem
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a post failed: a catalogue code, a sentence, the problems, and TikTok's own words if it spoke."""

    code: str
    message: str
    details: tuple[Mapping[str, object], ...] = ()
    fail_reason: str | None = None
    tiktok_log_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class NewPost:
    """A post as it is accepted: canonical input, its receipt, and the key that binds it.

    `receipt` holds `coerced`, `ignored` and `warnings` as the caller was told. `input_hash` is the SHA-256 of
    operation, account and canonical input. `repeat_window_ms` is 0 where the same input may be sent again.
    """

    id: str
    workspace_id: str
    account_id: str
    operation: str
    kind: Kind
    mode: Mode
    transfer: Transfer
    input: Mapping[str, object]
    receipt: Mapping[str, object]
    input_hash: str
    dialect: str | None = None
    """The dialect that it came by, None for `/v1`; no part of what makes two inputs the same."""
    idempotency_key: str | None = None
    repeat_window_ms: int = 0
    app_id: str | None = None
    uploads: tuple[str, ...] = ()
    """Ids of the uploads that the input names."""


@dataclass(frozen=True, kw_only=True)
class Post:
    """A post as the ledger holds it."""

    id: str
    workspace_id: str
    account_id: str
    operation: str
    kind: Kind
    mode: Mode
    transfer: Transfer
    state: State
    input: Mapping[str, object]
    receipt: Mapping[str, object]
    created_at: int
    updated_at: int
    version: int = 0
    tries: int = 0
    next_at: int | None = None
    media: tuple[MediaItem, ...] = ()
    publish_id: str | None = None
    tiktok_status: str | None = None
    public_ids: tuple[str, ...] = ()
    raw_status: Mapping[str, object] | None = None
    failure: Failure | None = None
    settled_at: int | None = None
    app_id: str | None = None
    """The app that acts for the account in this post: what one app began no other can ask about."""
    dialect: str | None = None
    """The dialect that it came by, None for `/v1`."""
    attempts_before: int = 0
    """The number of its last attempt before a person had it tried anew: those up to it count no more."""

    @property
    def is_said_published(self) -> bool:
        """Whether TikTok itself has said that it is published."""
        unexpected = self.failure is not None and self.failure.code == UNEXPECTED
        return self.tiktok_status == TIKTOK_PUBLISHED or bool(self.public_ids) or unexpected


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What `Ledger.accept` did: the post, and whether it was there already under the same key."""

    post: Post
    replayed: bool


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The right to write a post, until it is released, expires or is taken over."""

    post_id: str
    token: str
    owner: str


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try to publish; its id is the gate token in every media URL that TikTok is given.

    `uploaded` counts the bytes that TikTok has confirmed; `final_chunk_started` says that the last PUT may
    have been sent. Times: UTC milliseconds.
    """

    id: str
    post_id: str
    account_id: str
    number: int
    state: AttemptState
    transfer: Transfer
    created_at: int
    publish_id: str | None = None
    upload_url: str | None = field(default=None, repr=False)
    upload_expires_at: int | None = None
    uploaded: int = 0
    final_chunk_started: bool = False
    resolved_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A post in hand: its row, the lease that fences every write, and its live attempt."""

    post: Post
    lease: Lease
    attempt: Attempt | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of a post's timeline: an outside call or a decision. Nothing secret goes in.

    `call` names it (`video/init`, `media/fetch`, `decision`); `status` is the HTTP status if there was one;
    `code` TikTok's `error.code`; `took_ms` its duration; `decision` what was concluded from it.
    """

    call: str
    at: int = 0
    """Filled in by the ledger when 0."""
    status: int | None = None
    code: str | None = None
    log_id: str | None = None
    took_ms: int | None = None
    decision: str = ""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a fenced write alters on a post; a member left at None stays as it is.

    `tries` is set as given (0 resets it).
    """

    state: State | None = None
    media: tuple[MediaItem, ...] | None = None
    publish_id: str | None = None
    tiktok_status: str | None = None
    public_ids: tuple[str, ...] | None = None
    raw_status: Mapping[str, object] | None = None
    failure: Failure | None = None
    tries: int | None = None
    mode: Mode | None = None
    receipt: Mapping[str, object] | None = None


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What stands behind one gate token: the attempt's state and the files that its post may show."""

    state: AttemptState
    media: tuple[MediaItem, ...]


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """An API key without its secret: that is shown once and kept as a hash."""

    id: str
    workspace_id: str
    name: str
    created_at: int
    scopes: frozenset[str] = frozenset()
    account_id: str | None = None
    expires_at: int | None = None
    last_used_at: int | None = None
    revoked_at: int | None = None
