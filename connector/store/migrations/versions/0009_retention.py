"""Find what is over and may be swept, what refers to it, what waits for a person, and the account that is meant.

What a handle is looked up by is reckoned by the database, so that code of the release before writes it too.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OVER = (
    "state IN ('cancelled', 'failed', 'inbox_delivered', 'inbox_expired', 'published_private', "
    "'published_public', 'removed')"
)
PARTIAL = {
    "ix_posts_over": (["settled_at", "id"], OVER),
    "ix_posts_for_a_person": (["workspace_id", "account_id"], "state IN ('held', 'unconfirmed')"),
    "ix_posts_taken": (["app_id", "created_at"], "publish_id IS NOT NULL AND mode = 'direct'"),
}
"""Indices of posts: their columns, and which posts are in them."""

WHOLE = {
    "ix_events_post_id": ("events", ["post_id"]),
    "ix_deliveries_post_id": ("deliveries", ["post_id"]),
    "ix_idempotency_post_id": ("idempotency", ["post_id"]),
    "ix_accounts_open_id": ("accounts", ["open_id"]),
    "ix_accounts_union_id": ("accounts", ["union_id"]),
    "ix_accounts_workspace_id_handle": ("accounts", ["workspace_id", "handle"]),
}
"""Indices of other tables."""


def upgrade() -> None:
    """Make the indices, the column of accounts, and the table of what has been swept."""
    op.create_table(
        "swept_tasks",
        sa.Column("publish_id", sa.Text(), nullable=False),
        sa.Column("swept_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("publish_id", name="pk_swept_tasks"),
    )
    # SQLite adds no column that it would have to store; PostgreSQL indexes none that it does not.
    stored = "STORED" if op.get_bind().dialect.name == "postgresql" else "VIRTUAL"
    op.execute(f"ALTER TABLE accounts ADD COLUMN handle TEXT GENERATED ALWAYS AS (lower(username)) {stored}")
    for name, (table, columns) in WHOLE.items():
        op.create_index(name, table, columns)
    for name, (columns, which) in PARTIAL.items():
        where = sa.text(which)
        op.create_index(name, "posts", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Drop them; a webhook about a post that was swept is then taken for one about a task of nobody's."""
    for name in reversed(PARTIAL):
        op.drop_index(name, table_name="posts")
    for name, (table, _) in reversed(WHOLE.items()):
        op.drop_index(name, table_name=table)
    op.drop_column("accounts", "handle")
    op.drop_table("swept_tasks")
