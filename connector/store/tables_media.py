"""What was uploaded, and which files of the spool anybody still needs.

workspaces ── media ── album_media ── albums
posts ─────── post_files

The spool keeps each file once, under its SHA-256. A file is needed while a row of `media` that is alive, or
of `post_files` whose post is not done with its files, names it.

`owner` of an upload or album is the account that the key was bound to which brought it, and empty where that
key was bound to none: a bound key sees its own account's alone. Not NULL, since NULLs are never the same and
the same bytes of one owner are one upload.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table, Text, UniqueConstraint

from connector.store.base import metadata
from connector.store.tables_accounts import workspaces

media = Table(
    "media",
    metadata,
    Column("id", Text, primary_key=True),
    Column("workspace_id", Text, ForeignKey(workspaces.c.id), nullable=False),
    Column("owner", Text, nullable=False, server_default=""),
    Column("sha256", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("mime", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    Column("duration_ms", BigInteger),
    Column("changes", Text, nullable=False),
    Column("warnings", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    UniqueConstraint("workspace_id", "owner", "sha256"),
)

albums = Table(
    "albums",
    metadata,
    Column("id", Text, primary_key=True),
    Column("workspace_id", Text, ForeignKey(workspaces.c.id), nullable=False),
    Column("owner", Text, nullable=False, server_default=""),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("retained_at", BigInteger),
)

album_media = Table(
    "album_media",
    metadata,
    Column("album_id", Text, ForeignKey(albums.c.id), primary_key=True),
    Column("media_id", Text, ForeignKey(media.c.id), primary_key=True, index=True),
    Column("position", Integer, nullable=False),
)

post_files = Table(
    "post_files",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("post_id", Text, ForeignKey("posts.id"), primary_key=True, index=True),
)
