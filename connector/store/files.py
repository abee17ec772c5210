"""Which files of the spool posts need: noted with the post, in the same transaction."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, exists, not_, select

from connector.domain.lifecycle import DONE_WITH_FILES
from connector.engine.model import NewPost
from connector.engine.model_media import Reach
from connector.kernel.errors import PostrailError
from connector.store.compiled import Compiled
from connector.store.dialect import insert_on
from connector.store.tables import media, post_files, posts

_NOTE = Compiled(
    lambda dialect: insert_on(dialect, post_files).on_conflict_do_nothing(), ["sha256", "post_id"]
)


def note(conn: Connection, post_id: str, media_ids: Iterable[str]) -> None:
    """Note that a post needs files."""
    for media_id in sorted(set(media_ids)):
        _NOTE.run(conn, {"sha256": media_id, "post_id": post_id})


def hold_uploads(conn: Connection, upload_ids: Iterable[str]) -> None:
    """Let nobody end uploads, or see whether they are needed, until the transaction ends.

    Whoever takes the time after it knows which of them are alive until then.
    """
    if ids := sorted(set(upload_ids)):
        mine = select(media.c.id).where(media.c.id.in_(ids)).order_by(media.c.id)
        conn.execute(mine.with_for_update(read=True)).all()


def live_uploads(conn: Connection, now: int, new: NewPost) -> list[str]:
    """Return the files of the uploads, held by `hold_uploads`, that a new post names.

    Raises PostrailError `media_expired` for one that has ended.
    """
    if not new.uploads:
        return []
    mine = select(media.c.id, media.c.sha256).where(media.c.id.in_(new.uploads), media.c.expires_at > now)
    found = {row.id: row.sha256 for row in conn.execute(mine)}
    for upload_id in new.uploads:
        if upload_id not in found:
            raise PostrailError("media_expired", f"The life of {upload_id} is over; upload the file again.")
    return list(found.values())


def pending(now: int, stay_ms: int = 0) -> ColumnElement[bool]:
    """Return the condition on `posts` of needing files; for `stay_ms` longer than it takes to settle."""
    done = posts.c.state.in_(sorted(DONE_WITH_FILES)) & (posts.c.settled_at <= now - stay_ms)
    return not_(done)


def needed_by_posts(
    conn: Connection, now: int, media_ids: Sequence[str], stay_ms: int = 0, reach: Reach | None = None
) -> frozenset[str]:
    """Return which of these files a post needs; `stay_ms`: or has been done with for no longer than that.

    `reach`: posts beyond it are left out.
    """
    of_post = exists().where(posts.c.id == post_files.c.post_id, pending(now, stay_ms))
    if reach is not None:
        of_post = of_post.where(posts.c.workspace_id == reach.workspace_id)
    if reach is not None and reach.account_id is not None:
        of_post = of_post.where(posts.c.account_id == reach.account_id)
    query = select(post_files.c.sha256).distinct().where(post_files.c.sha256.in_(media_ids), of_post)
    return frozenset(conn.execute(query).scalars())
