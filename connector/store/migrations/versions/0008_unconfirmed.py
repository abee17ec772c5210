"""Find an account's unconfirmed posts, and what was sent for it lately, without reading all it ever sent.

Unconfirmed posts that nobody looks at any more are looked for once: this code may find them in a list.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two indices; have what rests become due (`updated_at` is past)."""
    doubtful = sa.text("state = 'unconfirmed'")
    op.create_index(
        "ix_posts_doubtful", "posts", ["account_id"], sqlite_where=doubtful, postgresql_where=doubtful
    )
    op.create_index("ix_attempts_account_id", "attempts", ["account_id", "created_at"])
    op.execute(
        "UPDATE posts SET next_at = updated_at "
        "WHERE state = 'unconfirmed' AND next_at IS NULL AND lease IS NULL AND parked_due IS NULL"
    )


def downgrade() -> None:
    """Drop the indices; what has become due is looked at once by whatever code runs."""
    op.drop_index("ix_attempts_account_id", table_name="attempts")
    op.drop_index("ix_posts_doubtful", table_name="posts")
