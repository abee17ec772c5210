"""Who may act for whom: workspaces, their keys, TikTok's accounts and apps, and what binds them.

apps ──────── grants      an account's tokens for one app
accounts ──┘
logins                    a login under way: one state, used once
invitations               links by which a person connects an account
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from connector.store.base import HOT, index_claims, metadata

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("workspace_id", Text, ForeignKey(workspaces.c.id), nullable=False),
    Column("open_id", Text, nullable=False, index=True),
    Column("username", Text, nullable=False),
    # What an @handle is looked up by, whatever letters it is written in.
    Column("handle", Text, Computed("lower(username)")),
    Column("display_name", Text),
    Column("union_id", Text, index=True),
    Column("paced", Boolean, nullable=False),
    Column("sandbox", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("workspace_id", "open_id"),
)
Index("ix_accounts_workspace_id_handle", accounts.c.workspace_id, accounts.c.handle)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("workspace_id", Text, ForeignKey(workspaces.c.id), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("secret_hash", Text, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("account_id", Text, ForeignKey(accounts.c.id)),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("last_used_at", BigInteger),
    Column("revoked_at", BigInteger),
)

rate_slots = Table(
    "rate_slots",
    metadata,
    Column("account_id", Text, ForeignKey(accounts.c.id), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("tat", BigInteger, nullable=False),
    postgresql_with=HOT,
)

apps = Table(
    "apps",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_key", Text, nullable=False, unique=True),
    Column("client_secret", LargeBinary, nullable=False),
    Column("seal_key_id", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("sandbox", Boolean, nullable=False),
    Column("audit", Text, nullable=False),
    Column("user_cap", Integer),
    Column("lessons", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

grants = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("workspace_id", Text, ForeignKey(workspaces.c.id), nullable=False),
    Column("account_id", Text, ForeignKey(accounts.c.id), nullable=False),
    Column("app_id", Text, ForeignKey(apps.c.id), nullable=False),
    Column("open_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    # Both tokens in one box, so that no write can part them.
    Column("pair", LargeBinary),
    Column("seal_key_id", Text),
    Column("scopes", Text, nullable=False),
    Column("expires_at", BigInteger),
    Column("refresh_expires_at", BigInteger),
    Column("warned_of", BigInteger),
    Column("next_at", BigInteger),
    Column("lease", Text),
    Column("owner", Text),
    Column("tries", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("account_id", "app_id"),
    UniqueConstraint("app_id", "open_id", "workspace_id"),
    postgresql_with=HOT,
)
index_claims(grants)

invitations = Table(
    "invitations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("workspace_id", Text, ForeignKey(workspaces.c.id), nullable=False, index=True),
    Column("app_id", Text, ForeignKey(apps.c.id)),
    Column("name", Text, nullable=False),
    Column("account_id", Text, ForeignKey(accounts.c.id)),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("connected_at", BigInteger),
)

logins = Table(
    "logins",
    metadata,
    # The SHA-256 of the state that TikTok is handed.
    Column("id", Text, primary_key=True),
    Column("workspace_id", Text, ForeignKey(workspaces.c.id), nullable=False),
    Column("app_id", Text, ForeignKey(apps.c.id), nullable=False),
    Column("invitation_id", Text, ForeignKey(invitations.c.id)),
    # Who began it: a hash of the browser session or of the API key.
    Column("bound_to", Text, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("verifier", LargeBinary),
    Column("seal_key_id", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("used_at", BigInteger),
)
