"""Uploads and albums of keys that are bound to an account belong to that account.

What is there already came by keys of the whole workspace, as far as can be told: bound keys do not see it.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OLD, NEW = ["workspace_id", "sha256"], ["workspace_id", "owner", "sha256"]
TABLES = ("media", "albums")


def upgrade() -> None:
    """Note an owner, and let each have the same bytes once."""
    for table in TABLES:
        op.add_column(table, sa.Column("owner", sa.Text(), nullable=False, server_default=""))
    _replace_unique(OLD, NEW)


def downgrade() -> None:
    """Forget owners: of the same bytes the upload that lives longest stays, in the albums of all."""
    for statement in MERGE:
        op.execute(statement)
    _replace_unique(NEW, OLD)
    for table in TABLES:
        op.drop_column(table, "owner")


KEPT = """(SELECT id FROM media AS same WHERE same.workspace_id = media.workspace_id
AND same.sha256 = media.sha256 ORDER BY same.expires_at DESC, same.id LIMIT 1)"""

MERGE = (
    f"""INSERT INTO album_media (album_id, media_id, position)
    SELECT of_it.album_id, {KEPT}, of_it.position
    FROM album_media AS of_it JOIN media ON media.id = of_it.media_id WHERE true
    ON CONFLICT DO NOTHING""",
    f"DELETE FROM album_media WHERE media_id IN (SELECT id FROM media WHERE id <> {KEPT})",
    f"DELETE FROM media WHERE id <> {KEPT}",
)


def _replace_unique(old: list[str], new: list[str]) -> None:
    """Replace the unique constraint of `media`.

    SQLite makes the table anew for it, which nothing may refer to meanwhile.
    """
    rebuilds = op.get_bind().dialect.name == "sqlite"
    if rebuilds:
        op.execute("CREATE TABLE album_media_kept AS SELECT * FROM album_media")
        op.execute("DELETE FROM album_media")
    with op.batch_alter_table("media") as media:
        media.drop_constraint("_".join(("uq_media", *old)), type_="unique")
        media.create_unique_constraint("_".join(("uq_media", *new)), new)
    if rebuilds:
        op.execute("INSERT INTO album_media SELECT * FROM album_media_kept")
        op.execute("DROP TABLE album_media_kept")
