"""Uploaded media: recognised where a post names it, found in its workspace, shown to its owner."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from connector.domain.media import MOST_PHOTOS
from connector.domain.net import Origin, origin_of
from connector.engine.model import Kind, MediaItem, Principal
from connector.engine.model_media import Album, Life, Reach, Upload
from connector.engine.ports_media import MediaIntake, MediaStore, Partials
from connector.engine.ports_storage import PresignedUploads
from connector.kernel.clock import to_iso
from connector.kernel.errors import PostrailError, Problem

PREFIX = "media"
"""What the ids of uploads begin with."""

_ID = re.compile(r"media_[0-9A-HJKMNP-TV-Z]{26}")
_FORM = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What an id of anything may look like; nothing else is asked of the ledger: PostgreSQL takes no NUL."""

_PATH = re.compile(r"/v1/media/([^/]+)(?:/([^/]*))?$")
_PREVIEW = "preview"
_NO_IDS = frozenset({"tus", "presigned"})
"""What stands where the ids of uploads stand, in the addresses of uploads that are not whole yet."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_LABEL = 60

SOURCES: Mapping[Kind, str] = {"video": "source_url", "photo": "photo_images"}
"""The field that names the files of a post, by its kind."""


@dataclass(frozen=True, kw_only=True)
class Library:
    """Where uploads come in, whole or in parts, and are recorded, for how long; this server's own origins."""

    records: MediaStore
    intake: MediaIntake
    partials: Partials
    life: Life
    origins: frozenset[Origin]
    presigned: PresignedUploads | None = None
    """Where files are put directly; None where media is kept on this machine's disk."""


def reach_of(principal: Principal) -> Reach:
    """Return whose uploads a key may see: a key that is bound to an account sees those of such keys alone."""
    return Reach(workspace_id=principal.workspace_id, account_id=principal.account_id)


def reference(text: str, origins: frozenset[Origin]) -> str | None:
    """Return the upload that `text` names: by its id, or by the URL that its upload was answered with. Pure.

    None for what is the address of something else, a preview (`preview_of`) among it.
    """
    text = text.strip()
    if _ID.fullmatch(text):
        return text
    upload_id, name = _addressed(text, origins)
    return None if name == _PREVIEW else upload_id


def preview_of(text: str, origins: frozenset[Origin]) -> str | None:
    """Return the upload of whose preview `text` is the URL; None for what is something else. Pure."""
    upload_id, name = _addressed(text.strip(), origins)
    return upload_id if name == _PREVIEW else None


def _addressed(text: str, origins: frozenset[Origin]) -> tuple[str | None, str]:
    """Return the upload of an address of ours, None where it is none's, and what follows its id."""
    try:
        mine, path = origin_of(text) in origins, urlsplit(text).path
    except ValueError:
        return None, ""
    found = _PATH.search(path) if mine else None
    if found is None or found.group(1) in _NO_IDS:
        return None, ""
    return found.group(1), unquote(found.group(2) or "")


def url_of(public_url: str, upload: Upload) -> str:
    """Return the address of an upload, for posts to name and for its owner to look at with a key."""
    stem = _UNSAFE.sub("-", upload.label.rpartition(".")[0] or upload.label).strip("-.")[:_LONGEST_LABEL]
    ending = upload.item.name.rpartition(".")[2]
    return f"{public_url}/v1/media/{upload.id}/{quote(stem or 'file')}.{ending}"


def file_row(item: MediaItem) -> dict[str, object]:
    """Return what a file is, as answers tell it."""
    return {
        "kind": item.kind,
        "mime": item.mime,
        "size": item.size,
        "width": item.width,
        "height": item.height,
        "duration_ms": item.duration_ms,
        "changes": list(item.changes),
    }


def upload_row(public_url: str, upload: Upload, album_id: str | None = None) -> dict[str, object]:
    """Return what the owner of an upload is told about it; `album_id`: the album that was asked about."""
    item = upload.item
    return {
        "media_id": upload.id,
        "url": url_of(public_url, upload),
        "preview_url": f"{public_url}/v1/media/{upload.id}/{_PREVIEW}",
        "name": upload.label,
        **file_row(item),
        "sha256": item.media_id,
        "warnings": list(upload.warnings),
        "album_id": album_id or upload.album_id,
        "expires_at": to_iso(upload.expires_at),
    }


def album_row(public_url: str, album: Album) -> dict[str, object]:
    """Return what the owner of an album is told about it; `photo_images` can be posted as it stands."""
    rows = [upload_row(public_url, upload, album.id) for upload in album.uploads]
    return {
        "ok": True,
        "album_id": album.id,
        "retained": album.retained_at is not None,
        "created_at": to_iso(album.created_at),
        "expires_at": to_iso(album.expires_at),
        "photo_images": [row["url"] for row in rows],
        "media": rows,
    }


def not_found(upload_id: str, field: str = "") -> PostrailError:
    """Say that there is no such upload within the caller's reach."""
    problem = Problem(
        field=field,
        problem="media_not_found",
        got=upload_id,
        expected="the media_id or url of an upload that this key may see",
        fix="upload the file again and send the media_id that is answered",
        code="media_not_found",
    )
    details = [problem] if field else []
    return PostrailError("media_not_found", f"There is no upload {upload_id!r} here.", details=details)


def recorded(library: Library, reach: Reach, upload_id: str) -> Upload | None:
    """Return an upload, also one whose life is over; None where there never was one within reach."""
    return library.records.find(reach, upload_id) if _FORM.fullmatch(upload_id) else None


def no_album(album_id: str) -> PostrailError:
    """Say that there is no such album within the caller's reach, or no more."""
    return PostrailError("album_not_found", f"There is no album {album_id!r}, or its life is over.")


def album_full(photos: int) -> PostrailError:
    """Say that an album would hold more photos than a post may have."""
    problem = Problem(
        field="album_id",
        problem="album_full",
        got=f"{photos} photos with those that are in it",
        expected=f"at most {MOST_PHOTOS} photos in an album",
        fix="put the photo into another album (album: new), or post this one first",
        code="too_many_images",
    )
    message = f"An album holds at most {MOST_PHOTOS} photos, as many as a post may have."
    return PostrailError("too_many_images", message, details=[problem])


def quota_exceeded(held: int, quota: int) -> PostrailError:
    """Say that a workspace would hold `held` bytes of media where it may hold `quota`."""
    return PostrailError(
        "media_quota_exceeded",
        f"With this upload and those begun the workspace would hold {held} bytes of media; "
        f"it may hold {quota}.",
    )


def check_album_id(album_id: str) -> None:
    """Raise PostrailError `album_not_found` for what can be the id of none."""
    if not _FORM.fullmatch(album_id):
        raise no_album(album_id)


def find_album(library: Library, reach: Reach, album_id: str) -> Album:
    """Return a living album. Raises PostrailError `album_not_found`."""
    check_album_id(album_id)
    album = library.records.album(reach, album_id)
    if album is None:
        raise no_album(album_id)
    return album


def find(library: Library, reach: Reach, upload_id: str, now: int, field: str = "") -> Upload:
    """Return a living upload, which `field` names. Raises `media_not_found` or `media_expired`."""
    upload = recorded(library, reach, upload_id)
    if upload is None:
        raise not_found(upload_id, field)
    if upload.expires_at <= now:
        raise _expired(upload, field)
    return upload


def _expired(upload: Upload, field: str) -> PostrailError:
    ended = to_iso(upload.expires_at)
    problem = Problem(
        field=field,
        problem="media_expired",
        got=f"{upload.id}, whose life ended at {ended}",
        expected="an upload that lives",
        fix="upload the file again",
        code="media_expired",
    )
    message = f"The life of {upload.id} ended at {ended}; upload it again."
    return PostrailError("media_expired", message, details=[problem] if field else [])


def resolve(
    library: Library, reach: Reach, kind: Kind, content: Mapping[str, object]
) -> tuple[dict[str, object], tuple[Upload, ...]]:
    """Name each upload in the content of a post by its id, and return the uploads.

    One whose life is over is found too: whether that matters is for the ledger to say, since a replay of an
    accepted post must not depend on it. Raises PostrailError with every problem at once: `media_not_found`,
    `bad_request` for a preview, or the code of a file of the wrong kind.
    """
    name = SOURCES[kind]
    given = content.get(name)
    texts = [str(text) for text in given] if isinstance(given, list) else [str(given)]
    found: dict[str, Upload] = {}
    problems: list[Problem] = []
    for index, text in enumerate(texts):
        field = f"{name}[{index}]" if isinstance(given, list) else name
        if preview := preview_of(text, library.origins):
            problems.append(is_preview(field, preview))
        upload_id = reference(text, library.origins)
        if upload_id is None:
            continue
        upload = recorded(library, reach, upload_id)
        if upload is None:
            problems.extend(not_found(upload_id, field).details)
        elif upload.item.kind != kind:
            problems.append(wrong_kind(field, upload.id, upload.item.kind))
        else:
            found[text] = upload
    if problems:
        first = problems[0]
        raise PostrailError(first.code, f"{first.got}: expected {first.expected}.", details=problems)
    named: list[object] = [found[text].id if text in found else text for text in texts]
    spelled = {**content, name: named if isinstance(given, list) else named[0]}
    return spelled if found else dict(content), tuple(found.values())


def is_preview(field: str, upload_id: str) -> Problem:
    """Say that a post names the preview of an upload, and not the upload."""
    return Problem(
        field=field,
        problem="is_preview",
        got=f"the preview_url of {upload_id}",
        expected="the media_id or the url of the upload itself",
        fix=f"send its media_id, {upload_id}",
        code="bad_request",
    )


def wrong_kind(field: str, upload_id: str, kind: Kind) -> Problem:
    """Say of an upload of this `kind` that it belongs into a post of the other one."""
    is_photo = kind == "photo"
    return Problem(
        field=field,
        problem="wrong_kind",
        got=f"{upload_id} is a {kind}",
        expected="a video" if is_photo else "a photo",
        fix="post it by post_photos" if is_photo else "post it by post_video",
        code="bad_request" if is_photo else "unsupported_image_type",
    )


def item_of(library: Library, workspace_id: str, upload_id: str) -> MediaItem:
    """Return the file of an upload that an accepted post names. Raises PostrailError `media_not_found`."""
    upload = recorded(library, Reach(workspace_id=workspace_id), upload_id)
    if upload is None:
        raise not_found(upload_id)
    return upload.item
