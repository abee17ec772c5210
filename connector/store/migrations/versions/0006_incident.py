"""Pauses, the audit, and what a post remembers of being parked and tried anew.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two tables, and the columns of posts."""
    op.create_table(
        "pauses",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "target", "workspace_id", name="pk_pauses"),
    )
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "audit",
        sa.Column("id", number, nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("who_name", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_audit_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_workspace_id", "audit", ["workspace_id", "id"], unique=False)
    op.add_column("posts", sa.Column("parked_due", sa.BigInteger(), nullable=True))
    op.add_column("posts", sa.Column("retried_at", sa.BigInteger(), nullable=True))
    op.add_column("posts", sa.Column("attempts_before", sa.Integer(), nullable=False, server_default="0"))
    there = sa.text("parked_due IS NOT NULL")
    op.create_index("ix_posts_parked", "posts", ["parked_due"], sqlite_where=there, postgresql_where=there)


def downgrade() -> None:
    """Forget them; posts that are parked become due."""
    op.execute("UPDATE posts SET next_at = parked_due WHERE parked_due IS NOT NULL")
    op.drop_index("ix_posts_parked", table_name="posts")
    for name in ("attempts_before", "retried_at", "parked_due"):
        op.drop_column("posts", name)
    for name in ("audit", "pauses"):
        op.drop_table(name)
