"""Uploaded media, albums, and which files posts need.

Revision ID: 0004
Revises: 0003
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and note the files of the posts that are there."""
    op.create_table(
        "media",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_media_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_media"),
        sa.UniqueConstraint("workspace_id", "sha256", name="uq_media_workspace_id_sha256"),
    )
    for name in ("sha256", "expires_at"):
        op.create_index(f"ix_media_{name}", "media", [name], unique=False)
    op.create_table(
        "albums",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("retained_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_albums_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_albums"),
    )
    op.create_index("ix_albums_expires_at", "albums", ["expires_at"], unique=False)
    op.create_table(
        "album_media",
        sa.Column("album_id", sa.Text(), nullable=False),
        sa.Column("media_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["album_id"], ["albums.id"], name="fk_album_media_album_id"),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name="fk_album_media_media_id"),
        sa.PrimaryKeyConstraint("album_id", "media_id", name="pk_album_media"),
    )
    op.create_index("ix_album_media_media_id", "album_media", ["media_id"], unique=False)
    files = op.create_table(
        "post_files",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("post_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name="fk_post_files_post_id"),
        sa.PrimaryKeyConstraint("sha256", "post_id", name="pk_post_files"),
    )
    op.create_index("ix_post_files_post_id", "post_files", ["post_id"], unique=False)
    found = op.get_bind().execute(sa.text("SELECT post_id, media FROM post_content WHERE media <> '[]'"))
    used = {(item["media_id"], post_id) for post_id, text in found for item in json.loads(text)}
    op.bulk_insert(files, [{"sha256": sha256, "post_id": post_id} for sha256, post_id in sorted(used)])


def downgrade() -> None:
    """Forget uploads, albums and who needs which file."""
    for name in ("post_files", "album_media", "albums", "media"):
        op.drop_table(name)
