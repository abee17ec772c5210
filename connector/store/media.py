"""Uploads and albums on SQL."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    case,
    delete,
    exists,
    func,
    select,
    update,
)
from sqlalchemy import insert as plain_insert

from connector.domain.media import MOST_PHOTOS
from connector.domain.retry import PULL_WINDOW_MS
from connector.engine.library import album_full, no_album, quota_exceeded
from connector.engine.model import MediaItem
from connector.engine.model_media import Admission, Album, Life, NewUpload, Reach, Upload
from connector.kernel.errors import PostrailError
from connector.kernel.jsontext import canonical
from connector.store.database import Database
from connector.store.dialect import QUOTAS, hold, insert, locked
from connector.store.files import needed_by_posts, pending
from connector.store.posts import IDS_PER_SELECT
from connector.store.rows import Row
from connector.store.tables import album_media, albums, media, post_files, posts

T = TypeVar("T")


class SqlMedia:
    """`connector.engine.ports_media.MediaStore` on a database that `migrate` has prepared."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def _write(self, fn: Callable[[Connection, int], T]) -> T:
        return self._database.write(lambda conn: fn(conn, self._database.now(conn)))

    def _read(self, fn: Callable[[Connection, int], T]) -> T:
        return self._database.read(lambda conn: fn(conn, self._database.now(conn)))

    def admit(self, admission: Admission, life: Life) -> tuple[Upload, ...]:
        """Record files that lie in the spool, and their album."""
        return self._write(lambda conn, now: _admit(conn, now, admission, life))

    def find(self, reach: Reach, upload_id: str) -> Upload | None:
        """Return an upload, also one whose life is over."""
        return self._read(lambda conn, now: _find(conn, now, reach, upload_id))

    def album(self, reach: Reach, album_id: str) -> Album | None:
        """Return a living album with its living photos."""
        return self._read(lambda conn, now: _album(conn, now, reach, album_id))

    def retain(self, reach: Reach, album_id: str, life: Life) -> Album | None:
        """Let an album and its photos live as long as retained ones do."""
        return self._write(lambda conn, now: _retain(conn, now, reach, album_id, life))

    def end(self, reach: Reach, upload_id: str) -> bool:
        """End the life of an upload now. Raises PostrailError `media_in_use`."""
        return self._write(lambda conn, now: _end(conn, now, reach, upload_id))

    def end_album(self, reach: Reach, album_id: str) -> bool:
        """End the life of an album and of its photos that are in no other. Raises `media_in_use`."""
        return self._write(lambda conn, now: _end_album(conn, now, reach, album_id))

    def needed(self, media_ids: Iterable[str], life: Life) -> frozenset[str]:
        """Return which of these files a living upload or a post needs.

        Written, not only read: a post that is being accepted under an upload that ends now is waited for.
        """
        return self._write(lambda conn, now: _needed(conn, now, list(media_ids), life))

    def held(self, workspace_id: str) -> int:
        """Return the bytes of a workspace's living uploads."""
        return self._read(lambda conn, now: _held(conn, now, workspace_id))

    def sweep(self, age_ms: int) -> int:
        """Forget uploads and albums that ended `age_ms` ago and that no post may ask for."""
        return self._write(lambda conn, now: _sweep(conn, now, now - age_ms))


def _within(reach: Reach, table: Table) -> ColumnElement[bool]:
    """Return the condition on `media` or `albums` of being within reach."""
    mine = table.c.workspace_id == reach.workspace_id
    return mine if reach.account_id is None else mine & (table.c.owner == reach.account_id)


def _uploads(now: int) -> Select[tuple[object, ...]]:
    """Return the query of uploads, each with the newest living album that it is in."""
    of_it, living = album_media.alias(), albums.alias()
    newest = (
        select(func.max(living.c.id))
        .where(of_it.c.media_id == media.c.id, living.c.id == of_it.c.album_id, living.c.expires_at > now)
        .scalar_subquery()
    )
    return select(media, newest.label("album_id"))


def _find(conn: Connection, now: int, reach: Reach, upload_id: str) -> Upload | None:
    query = _uploads(now).where(_within(reach, media), media.c.id == upload_id)
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else _upload_of(row)


def _upload_of(row: Row) -> Upload:
    item = MediaItem(
        media_id=row["sha256"],
        kind=row["kind"],
        name=row["name"],
        mime=row["mime"],
        size=row["size"],
        width=row["width"],
        height=row["height"],
        duration_ms=row["duration_ms"],
        source_url=row["id"],
        changes=tuple(json.loads(row["changes"])),
    )
    return Upload(
        id=row["id"],
        workspace_id=row["workspace_id"],
        item=item,
        label=row["label"],
        warnings=tuple(json.loads(row["warnings"])),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        album_id=row["album_id"],
    )


def _admit(conn: Connection, now: int, admission: Admission, life: Life) -> tuple[Upload, ...]:
    workspace_id = admission.reach.workspace_id
    if life.quota is not None:
        hold(conn, QUOTAS, workspace_key(workspace_id))
    owner, album_ends = _owner_and_end(conn, now, admission, life)
    expires_at = max(now + life.plain_ms, album_ends)
    ids = [_record(conn, now, (workspace_id, owner), new, expires_at) for new in admission.uploads]
    if life.quota is not None:
        _check_quota(conn, now, admission, life.quota)
    if admission.album_id is not None:
        _put_into_album(conn, now, admission.album_id, ids)
    rows = conn.execute(_uploads(now).where(media.c.id.in_(ids))).mappings()
    found = {row["id"]: _upload_of(row) for row in rows}
    return tuple(found[upload_id] for upload_id in ids)


def workspace_key(workspace_id: str) -> int:
    """Return a number for a workspace: those that share one wait for each other, no more."""
    return int.from_bytes(workspace_id.encode()[-4:].rjust(4), "big", signed=True)


def _owner_and_end(conn: Connection, now: int, admission: Admission, life: Life) -> tuple[str, int]:
    """Return whom the uploads of an admission belong to, and when their album ends (0: there is none).

    Raises PostrailError `album_not_found`.
    """
    reach, owner = admission.reach, admission.reach.account_id or ""
    if admission.album_id is None:
        return owner, 0
    if admission.new_album:
        ends = now + life.plain_ms
        row = {"id": admission.album_id, "workspace_id": reach.workspace_id, "owner": owner}
        conn.execute(plain_insert(albums).values({**row, "created_at": now, "expires_at": ends}))
        return owner, ends
    mine = (albums.c.id == admission.album_id) & _within(reach, albums)
    # Written, not only read: nobody may end, retain or fill the album until this transaction does.
    living = update(albums).where(mine, albums.c.expires_at > now).values(expires_at=albums.c.expires_at)
    found = conn.execute(living.returning(albums.c.owner, albums.c.expires_at)).one_or_none()
    if found is None:
        raise no_album(admission.album_id)
    return str(found.owner), int(found.expires_at)


def _record(conn: Connection, now: int, whose: tuple[str, str], new: NewUpload, expires_at: int) -> str:
    """Write an upload, or let the one of the same bytes live on; return its id.

    `whose`: the workspace and the owner.
    """
    item, (workspace_id, owner) = new.item, whose
    fresh = {
        "kind": item.kind,
        "name": item.name,
        "mime": item.mime,
        "size": item.size,
        "width": item.width,
        "height": item.height,
        "duration_ms": item.duration_ms,
        "changes": canonical(list(item.changes)),
        "warnings": canonical(list(new.warnings)),
    }
    row = {
        **fresh,
        "id": new.id,
        "workspace_id": workspace_id,
        "owner": owner,
        "sha256": item.media_id,
        "label": new.label,
        "created_at": now,
        "expires_at": expires_at,
    }
    later = case((media.c.expires_at > expires_at, media.c.expires_at), else_=expires_at)
    label = case((media.c.expires_at > now, media.c.label), else_=new.label)
    statement = insert(conn, media).values(row)
    kept = statement.on_conflict_do_update(
        index_elements=["workspace_id", "owner", "sha256"],
        set_={**fresh, "expires_at": later, "label": label},
    )
    return str(conn.execute(kept.returning(media.c.id)).scalar_one())


def _held(conn: Connection, now: int, workspace_id: str) -> int:
    alive = (media.c.workspace_id == workspace_id) & (media.c.expires_at > now)
    files = select(media.c.sha256, media.c.size).where(alive).distinct().subquery()
    return int(conn.execute(select(func.coalesce(func.sum(files.c.size), 0))).scalar_one())


def _check_quota(conn: Connection, now: int, admission: Admission, quota: int) -> None:
    held = _held(conn, now, admission.reach.workspace_id) + admission.begun
    if held > quota:
        raise quota_exceeded(held, quota)


def _put_into_album(conn: Connection, now: int, album_id: str, ids: Iterable[str]) -> None:
    """Add uploads to the end of an album. Raises PostrailError `too_many_images`."""
    in_it = select(func.coalesce(func.max(album_media.c.position), -1)).where(
        album_media.c.album_id == album_id
    )
    first: int = conn.execute(in_it).scalar_one() + 1
    for position, upload_id in enumerate(dict.fromkeys(ids), first):
        row = {"album_id": album_id, "media_id": upload_id, "position": position}
        conn.execute(insert(conn, album_media).values(row).on_conflict_do_nothing())
    in_all = conn.execute(select(func.count()).select_from(_living_photos(now, album_id).subquery()))
    if (photos := in_all.scalar_one()) > MOST_PHOTOS:
        raise album_full(photos)


def _living_photos(now: int, album_id: str) -> Select[tuple[object, ...]]:
    """Return the query of an album's living photos."""
    inside = _uploads(now).join(album_media, album_media.c.media_id == media.c.id)
    return inside.where(album_media.c.album_id == album_id, media.c.expires_at > now)


def _album(conn: Connection, now: int, reach: Reach, album_id: str) -> Album | None:
    mine = select(albums).where(albums.c.id == album_id, _within(reach, albums), albums.c.expires_at > now)
    row = conn.execute(mine).mappings().one_or_none()
    if row is None:
        return None
    photos = conn.execute(_living_photos(now, album_id).order_by(album_media.c.position)).mappings()
    return Album(
        id=row["id"],
        workspace_id=row["workspace_id"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        retained_at=row["retained_at"],
        uploads=tuple(_upload_of(photo) for photo in photos),
    )


def _retain(conn: Connection, now: int, reach: Reach, album_id: str, life: Life) -> Album | None:
    until = now + life.retained_ms
    mine = (albums.c.id == album_id) & _within(reach, albums) & (albums.c.expires_at > now)
    later = case((albums.c.expires_at > until, albums.c.expires_at), else_=until)
    kept = update(albums).where(mine).values(expires_at=later, retained_at=now).returning(albums.c.expires_at)
    ends = conn.execute(kept).scalar_one_or_none()
    if ends is None:
        return None
    inside = select(album_media.c.media_id).where(album_media.c.album_id == album_id)
    photos = (media.c.id.in_(inside)) & (media.c.expires_at > now) & (media.c.expires_at < ends)
    conn.execute(update(media).where(photos).values(expires_at=ends))
    return _album(conn, now, reach, album_id)


def _end(conn: Connection, now: int, reach: Reach, upload_id: str) -> bool:
    mine = (media.c.id == upload_id) & _within(reach, media) & (media.c.expires_at > now)
    ended = update(media).where(mine).values(expires_at=now).returning(media.c.sha256)
    sha256 = conn.execute(ended).scalar_one_or_none()
    if sha256 is None:
        return False
    if needed_by_posts(conn, now, [sha256], reach=reach):
        raise PostrailError("media_in_use", f"A post that is not done yet needs {upload_id}.")
    return True


def _end_album(conn: Connection, now: int, reach: Reach, album_id: str) -> bool:
    album = _album(conn, now, reach, album_id)
    if album is None:
        return False
    conn.execute(update(albums).where(albums.c.id == album_id).values(expires_at=now))
    elsewhere = (
        exists()
        .where(album_media.c.album_id == albums.c.id, albums.c.expires_at > now)
        .where(album_media.c.media_id == media.c.id)
    )
    ids = [photo.id for photo in album.uploads]
    alone = select(media.c.id).where(media.c.id.in_(ids), ~elsewhere).order_by(media.c.id)
    for upload_id in conn.execute(alone).scalars().all():
        _end(conn, now, reach, upload_id)
    return True


def _needed(conn: Connection, now: int, media_ids: list[str], life: Life) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for start in range(0, len(media_ids), IDS_PER_SELECT):
        some = media_ids[start : start + IDS_PER_SELECT]
        of_these = media.c.sha256.in_(some)
        over = select(media.c.id).where(of_these, media.c.expires_at <= now).order_by(media.c.id)
        conn.execute(locked(over, of=media)).all()
        alive = select(media.c.sha256).where(of_these, media.c.expires_at > now)
        stay_ms = max(life.plain_ms, PULL_WINDOW_MS)
        found |= {*conn.execute(alive).scalars(), *needed_by_posts(conn, now, some, stay_ms)}
    return found


def _sweep(conn: Connection, now: int, before: int) -> int:
    """Delete the records of what ended `before`; a post that is not done finds its uploads by them."""
    of_post = exists().where(post_files.c.sha256 == media.c.sha256, posts.c.id == post_files.c.post_id)
    ended = select(media.c.id).where(media.c.expires_at < before, ~of_post.where(pending(now)))
    over = select(albums.c.id).where(albums.c.expires_at < before)
    # Chosen once and locked: each statement sees what others have written meanwhile. A record that somebody
    # is writing, to let it live on perhaps, is left for the next time.
    uploads = conn.execute(locked(ended, of=media, skip=True)).scalars().all()
    ended_albums = conn.execute(locked(over, of=albums, skip=True)).scalars().all()
    _delete(conn, album_media.c.media_id, uploads)
    _delete(conn, album_media.c.album_id, ended_albums)
    _delete(conn, media.c.id, uploads)
    _delete(conn, albums.c.id, ended_albums)
    return len(uploads) + len(ended_albums)


def _delete(conn: Connection, column: Column[str], ids: Sequence[str]) -> None:
    """Delete the rows with one of `ids` in `column`."""
    for start in range(0, len(ids), IDS_PER_SELECT):
        conn.execute(delete(column.table).where(column.in_(ids[start : start + IDS_PER_SELECT])))
