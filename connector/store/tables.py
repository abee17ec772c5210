"""Every table of the ledger, for SQLite and PostgreSQL alike.

Times are BIGINT, UTC milliseconds since the epoch. JSON is kept as text, since nothing here looks inside it.
`next_at` is both the schedule of a row and the expiry of its lease; NULL means: never by itself.

workspaces ── api_keys       } these, apps, grants, logins and
           ├─ accounts       } invitations: tables_accounts.py
           │           └─ posts (hot) ── post_content (wide)
           │                          ├─ attempts     the gate
           │                          ├─ idempotency  the keys
           │                          ├─ journal      outside calls
           │                          ├─ events       for triggers and pollers
           │                          ├─ deliveries   the outbox
           │                          └─ post_files   what it needs of the spool
           └─ media, albums                 uploads: tables_media.py
pauses, audit                          what people decided: tables_incident.py
webhook_inbox                          what TikTok has told, as it came
swept_tasks                            whose posts have been swept
cron, workers
"""

from collections.abc import Iterable

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

from connector.domain.lifecycle import DONE_WITH_FILES, RESOLVABLE, State
from connector.store.base import HOT, RowNumber, index_claims, metadata
from connector.store.tables_accounts import (
    accounts,
    api_keys,
    apps,
    grants,
    invitations,
    logins,
    rate_slots,
    workspaces,
)
from connector.store.tables_incident import audit, pauses
from connector.store.tables_media import album_media, albums, media, post_files

__all__ = (
    "LIVE",
    "accounts",
    "album_media",
    "albums",
    "api_keys",
    "apps",
    "attempts",
    "audit",
    "cron",
    "deliveries",
    "events",
    "grants",
    "idempotency",
    "invitations",
    "is_doubtful",
    "is_for_a_person",
    "is_over",
    "is_sending",
    "is_taken",
    "journal",
    "logins",
    "media",
    "metadata",
    "pauses",
    "post_content",
    "post_files",
    "posts",
    "rate_slots",
    "swept_tasks",
    "webhook_inbox",
    "workers",
    "workspaces",
)

LIVE = ("sending", "accepted", "uncertain")
"""The states of an attempt that may still publish: at most one per post."""


def _is_one_of(table: FromClause, states: Iterable[State]) -> ColumnElement[bool]:
    """Return the condition of being in one of these states, spelt out for the sake of an index."""
    return table.c.state.in_([literal_column(f"'{state.value}'") for state in sorted(states)])


def is_for_a_person(table: FromClause) -> ColumnElement[bool]:
    """Return the condition of the index by which posts are found, under any name, that wait for a person."""
    return _is_one_of(table, RESOLVABLE)


posts = Table(
    "posts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("workspace_id", Text, ForeignKey(workspaces.c.id), nullable=False),
    Column("account_id", Text, ForeignKey(accounts.c.id), nullable=False),
    Column("operation", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("transfer", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("next_at", BigInteger),
    Column("lease", Text),
    Column("owner", Text),
    # How often TikTok has told of the post, and how often it had when the lease was taken.
    Column("wake_seq", BigInteger, nullable=False, server_default="0"),
    Column("wake_seen", BigInteger, nullable=False, server_default="0"),
    Column("tries", Integer, nullable=False),
    Column("app_id", Text),
    Column("publish_id", Text, unique=True),
    Column("tiktok_status", Text),
    Column("public_ids", Text, nullable=False),
    Column("input_hash", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("settled_at", BigInteger),
    # While a pause keeps it: when it would have been due. `next_at` is NULL then.
    Column("parked_due", BigInteger),
    # When a person last had it tried anew, and how many attempts it had had by then.
    Column("retried_at", BigInteger),
    Column("attempts_before", Integer, nullable=False, server_default="0"),
    postgresql_with=HOT,
)
index_claims(posts)
_is_parked = posts.c.parked_due.is_not(None)
Index("ix_posts_parked", posts.c.parked_due, sqlite_where=_is_parked, postgresql_where=_is_parked)
# Spelt out, since PostgreSQL finds no index by a condition with a parameter once the statement is prepared.
is_doubtful = posts.c.state == literal_column("'unconfirmed'")
"""The condition of the index by which an account's unconfirmed posts are found."""
Index("ix_posts_doubtful", posts.c.account_id, sqlite_where=is_doubtful, postgresql_where=is_doubtful)
is_over = _is_one_of(posts, DONE_WITH_FILES)
"""The condition of the index by which posts are found that settled long ago."""
Index("ix_posts_over", posts.c.settled_at, posts.c.id, sqlite_where=is_over, postgresql_where=is_over)
_waits = is_for_a_person(posts)
Index(
    "ix_posts_for_a_person",
    posts.c.workspace_id,
    posts.c.account_id,
    sqlite_where=_waits,
    postgresql_where=_waits,
)
is_taken = posts.c.publish_id.is_not(None) & (posts.c.mode == literal_column("'direct'"))
"""The condition of the index by which the posts are found that TikTok has taken of an app."""
Index("ix_posts_taken", posts.c.app_id, posts.c.created_at, sqlite_where=is_taken, postgresql_where=is_taken)
Index("ix_posts_repeat", posts.c.account_id, posts.c.input_hash, posts.c.created_at)

post_content = Table(
    "post_content",
    metadata,
    Column("post_id", Text, ForeignKey(posts.c.id), primary_key=True),
    Column("input", Text, nullable=False),
    Column("receipt", Text, nullable=False),
    Column("media", Text, nullable=False),
    Column("raw_status", Text),
    Column("failure", Text),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("post_id", Text, ForeignKey(posts.c.id), nullable=False),
    Column("account_id", Text, ForeignKey(accounts.c.id), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("transfer", Text, nullable=False),
    Column("publish_id", Text, index=True),
    Column("upload_url", Text),
    Column("upload_expires_at", BigInteger),
    Column("uploaded", BigInteger, nullable=False),
    Column("final_chunk_started", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("resolved_at", BigInteger),
    UniqueConstraint("post_id", "number"),
    postgresql_with=HOT,
)
_is_live = attempts.c.state.in_(LIVE)
is_sending = attempts.c.state == literal_column("'sending'")
"""The condition of the index that lets one attempt per account be on its way to an answer."""
Index("ix_attempts_account_id", attempts.c.account_id, attempts.c.created_at)
Index("uq_attempts_live", attempts.c.post_id, unique=True, sqlite_where=_is_live, postgresql_where=_is_live)
Index(
    "uq_attempts_sending",
    attempts.c.account_id,
    unique=True,
    sqlite_where=is_sending,
    postgresql_where=is_sending,
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("workspace_id", Text, ForeignKey(workspaces.c.id), primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("input_hash", Text, nullable=False),
    # Checked at the commit, since a key is taken before its post is written.
    Column(
        "post_id",
        Text,
        ForeignKey(posts.c.id, deferrable=True, initially="DEFERRED"),
        nullable=False,
        index=True,
    ),
    Column("receipt", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

journal = Table(
    "journal",
    metadata,
    Column("id", RowNumber, primary_key=True),
    Column("post_id", Text, ForeignKey(posts.c.id), nullable=False, index=True),
    Column("call", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("status", Integer),
    Column("code", Text),
    Column("log_id", Text),
    Column("took_ms", BigInteger),
    Column("decision", Text, nullable=False),
    sqlite_autoincrement=True,
)

events = Table(
    "events",
    metadata,
    Column("id", RowNumber, primary_key=True),
    Column("workspace_id", Text, ForeignKey(workspaces.c.id), nullable=False),
    Column("kind", Text, nullable=False),
    Column("post_id", Text, ForeignKey(posts.c.id), index=True),
    Column("account_id", Text, ForeignKey(accounts.c.id)),
    Column("payload", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_events_cursor", events.c.workspace_id, events.c.kind, events.c.id)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("event_id", BigInteger, ForeignKey(events.c.id), nullable=False),
    Column("post_id", Text, ForeignKey(posts.c.id), index=True),
    Column("endpoint", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("next_at", BigInteger),
    Column("lease", Text),
    Column("owner", Text),
    Column("tries", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("event_id", "endpoint"),
    postgresql_with=HOT,
)
index_claims(deliveries)

webhook_inbox = Table(
    "webhook_inbox",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("client_key", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("open_id", Text),
    Column("publish_id", Text, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", BigInteger, nullable=False, index=True),
    Column("next_at", BigInteger),
    Column("lease", Text),
    Column("owner", Text),
    Column("tries", Integer, nullable=False),
    Column("handled_at", BigInteger, index=True),
    Column("outcome", Text),
    postgresql_with=HOT,
)
index_claims(webhook_inbox)

swept_tasks = Table(
    "swept_tasks",
    metadata,
    # A publish id of a post that is no longer here, so that what TikTok still tells of it is no riddle.
    Column("publish_id", Text, primary_key=True),
    Column("swept_at", BigInteger, nullable=False),
)

cron = Table(
    "cron",
    metadata,
    Column("name", Text, primary_key=True),
    Column("next_at", BigInteger, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("beat", BigInteger, nullable=False),
    postgresql_with=HOT,
)
