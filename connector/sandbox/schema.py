"""The tables of the sandbox's file, and the columns that later versions added to them."""

TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (
    open_id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, access_token TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL, traits TEXT NOT NULL, created_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS apps (
    client_key TEXT PRIMARY KEY, client_secret TEXT NOT NULL, traits TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS grants (
    client_key TEXT NOT NULL, account TEXT NOT NULL REFERENCES accounts, open_id TEXT NOT NULL,
    scope TEXT NOT NULL, granted_at INTEGER NOT NULL, removed_at INTEGER, PRIMARY KEY (client_key, account)
);
CREATE TABLE IF NOT EXISTS codes (
    code TEXT PRIMARY KEY, client_key TEXT NOT NULL, account TEXT NOT NULL REFERENCES accounts,
    redirect_uri TEXT NOT NULL, scope TEXT NOT NULL, challenge TEXT, expires_at INTEGER NOT NULL,
    used_at INTEGER
);
CREATE TABLE IF NOT EXISTS access_tokens (
    token TEXT PRIMARY KEY, client_key TEXT NOT NULL, account TEXT NOT NULL REFERENCES accounts,
    scope TEXT NOT NULL, expires_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS access_tokens_of ON access_tokens (client_key, account);
CREATE TABLE IF NOT EXISTS refresh_tokens (
    token TEXT PRIMARY KEY, client_key TEXT NOT NULL, account TEXT NOT NULL REFERENCES accounts,
    scope TEXT NOT NULL, expires_at INTEGER NOT NULL, used_at INTEGER, successor TEXT
);
CREATE INDEX IF NOT EXISTS refresh_tokens_of ON refresh_tokens (client_key, account);
CREATE TABLE IF NOT EXISTS tasks (
    publish_id TEXT PRIMARY KEY, open_id TEXT NOT NULL REFERENCES accounts, kind TEXT NOT NULL,
    flow TEXT NOT NULL, source TEXT NOT NULL, privacy_level TEXT, title TEXT NOT NULL,
    description TEXT NOT NULL, post_info TEXT NOT NULL, source_info TEXT NOT NULL,
    stage TEXT NOT NULL, since INTEGER NOT NULL, polls INTEGER NOT NULL DEFAULT 0, verdict TEXT,
    fail_reason TEXT, upload_id TEXT UNIQUE, upload_token TEXT, total_bytes INTEGER NOT NULL,
    received_bytes INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS tasks_moving ON tasks (stage);
CREATE TABLE IF NOT EXISTS history (
    publish_id TEXT NOT NULL REFERENCES tasks, at INTEGER NOT NULL, status TEXT NOT NULL, stage TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS history_of ON history (publish_id);
CREATE TABLE IF NOT EXISTS media (
    publish_id TEXT NOT NULL REFERENCES tasks, position INTEGER NOT NULL, sha256 TEXT NOT NULL,
    size INTEGER NOT NULL, content_type TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL, PRIMARY KEY (publish_id, position)
);
CREATE TABLE IF NOT EXISTS posts (
    post_id INTEGER PRIMARY KEY, publish_id TEXT NOT NULL REFERENCES tasks,
    published_at INTEGER NOT NULL, public_at INTEGER
);
CREATE INDEX IF NOT EXISTS posts_of ON posts (publish_id);
CREATE TABLE IF NOT EXISTS requests (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    status INTEGER, code TEXT, log_id TEXT, publish_id TEXT, outcome TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS hits (open_id TEXT NOT NULL, bucket TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS hits_of ON hits (open_id, bucket, at);
CREATE TABLE IF NOT EXISTS rules (
    number INTEGER PRIMARY KEY AUTOINCREMENT, rule TEXT NOT NULL, planted_at INTEGER NOT NULL,
    seen INTEGER NOT NULL DEFAULT 0, hits INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS marks (mark TEXT PRIMARY KEY, hits INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, client_key TEXT NOT NULL, url TEXT NOT NULL,
    event TEXT NOT NULL, body TEXT NOT NULL, secret TEXT, skew_s INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL, next_at INTEGER, state TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (next_at) WHERE next_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS delivery_tries (
    delivery INTEGER NOT NULL REFERENCES deliveries, at INTEGER NOT NULL, status INTEGER, note TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS delivery_tries_of ON delivery_tries (delivery);
"""

DEFAULT_APP = "sbdefault"
"""The client key of the app that speaks for accounts made without a browser."""

ADDED = (
    ("tasks", "client_key", f"TEXT NOT NULL DEFAULT '{DEFAULT_APP}'"),
    ("tasks", "chunk_fault", "INTEGER"),
    ("tasks", "url_expired", "INTEGER NOT NULL DEFAULT 0"),
    ("posts", "privacy_level", "TEXT"),
    ("posts", "title", "TEXT"),
    ("posts", "description", "TEXT"),
    ("posts", "gone_at", "INTEGER"),
    ("posts", "removed_at", "INTEGER"),
)
"""Columns (table, name, type) that a file of an earlier version gets when it is opened."""
