"""TikTok's webhooks: the inbox, and what they change about a post's schedule.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

HOT = {"fillfactor": "80", "autovacuum_vacuum_scale_factor": "0.02"}


def upgrade() -> None:
    """Count on each post how often TikTok has told of it; keep what TikTok tells as it came."""
    for name in ("wake_seq", "wake_seen"):
        op.add_column("posts", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "webhook_inbox",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("client_key", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("open_id", sa.Text(), nullable=True),
        sa.Column("publish_id", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("handled_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_webhook_inbox"),
        postgresql_with=HOT,
    )
    for name in ("publish_id", "received_at", "handled_at"):
        op.create_index(f"ix_webhook_inbox_{name}", "webhook_inbox", [name], unique=False)
    for name, column in (("due", "next_at"), ("owner", "owner")):
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_webhook_inbox_{name}",
            "webhook_inbox",
            [column],
            sqlite_where=there,
            postgresql_where=there,
        )


def downgrade() -> None:
    """Forget the inbox."""
    op.drop_table("webhook_inbox")
    for name in ("wake_seen", "wake_seq"):
        op.drop_column("posts", name)
