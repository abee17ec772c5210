"""Use cases of uploads: files in, albums kept, shown and ended."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from connector.contract import Understanding
from connector.domain.filetext import FileText
from connector.domain.media import MOST_PHOTOS, video_warnings
from connector.engine.access import demand
from connector.engine.context import Context
from connector.engine.fetch import all_of
from connector.engine.library import (
    PREFIX,
    Library,
    album_row,
    check_album_id,
    find,
    find_album,
    no_album,
    not_found,
    reach_of,
    upload_row,
)
from connector.engine.model import MediaItem, Principal
from connector.engine.model_media import Admission, NewUpload, Upload
from connector.engine.ports_media import Receiving
from connector.kernel.clock import to_iso
from connector.kernel.errors import PostrailError, Problem, cut

OPERATION = "upload_media"
PLACEHOLDER = "a file"
"""Stands for a file that comes beside its rows while those are understood."""

MOST_FILES = MOST_PHOTOS
"""Files of one request: as many as a carousel of TikTok's has photos."""

LONGEST_LABEL = 200
ALBUM_PREFIX = "album"
NEW = "new"
"""What `album` says to open one."""


@dataclass(frozen=True, kw_only=True)
class Received:
    """A file that a request brought: the field that it came in, what its sender calls it, its bytes.

    `url`: where the bytes are to be fetched from, None where they have come.
    """

    field: str
    label: str
    file: Receiving
    url: str | None = None

    def called(self, label: str) -> "Received":
        """Return it under another name."""
        return replace(self, label=label)


def label_of(name: str) -> str:
    """Return a sender's name of a file as a word for people: no path, nothing unprintable."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return cut("".join(character for character in last if character.isprintable()).strip(), LONGEST_LABEL)


@contextmanager
def whole(
    library: Library, given: Mapping[str, object], brought: Sequence[Received]
) -> Iterator[list[Received]]:
    """Give the files of an upload with all their bytes: those that came, else the one in its rows.

    `given`: its rows, with the file as text and the name of a file that has none. Raises PostrailError.
    """
    with ExitStack() as files:
        text, name = str(given.get("file") or ""), str(given.get("name") or "")
        received = list(brought) or [_written(text, files.enter_context(library.intake.receive()))]
        for got in received:
            if got.url is not None:
                library.intake.download(got.url, got.file)
        yield [got if got.label else got.called(name) for got in received]


def _written(text: str, file: Receiving) -> Received:
    """Read a file that is written in base64, as a data URI, or as its URL, into `file`."""
    reader = FileText(file.write)
    reader.feed(text.encode())
    reader.finish()
    return Received(field="file", label="", file=file, url=reader.url)


def take_in(
    context: Context,
    principal: Principal,
    received: Sequence[Received],
    *,
    album: str | None,
    fit: bool = False,
    partial_id: str | None = None,
) -> dict[str, object]:
    """Keep and record files: all of them, or none. Return the answer.

    `album`: the id of one, `new` for a new one, None for none; several photos make a new one by themselves.
    `fit`: photos that are too large are scaled down. `partial_id`: the unfinished upload that this ends.
    Raises PostrailError with the problems of every file at once.
    """
    demand(principal, "posts:write")
    _check_count(received)
    library = context.library
    with _kept(library, received, fit=fit) as items:
        uploads = tuple(_new_upload(context, got, item) for got, item in zip(received, items, strict=True))
        admission = _admission(context, principal, uploads, album)
        with library.intake.held(item.media_id for item in items) as gone:
            if gone:
                raise PostrailError("not_ready", "The file was collected while it came in; send it again.")
            admitted = _admit(library, admission, partial_id)
    labels = [new.label for new in uploads]
    return _answer(context, admitted, admission.album_id, same_warnings(labels, admitted))


def _admit(library: Library, admission: Admission, partial_id: str | None) -> tuple[Upload, ...]:
    """Record files; where there is a quota, what is begun counts too, and nobody begins more meanwhile."""
    if library.life.quota is None:
        return library.records.admit(admission, library.life)
    with library.partials.begun(admission.reach.workspace_id, but=partial_id) as lengths:
        return library.records.admit(replace(admission, begun=sum(lengths)), library.life)


def _check_count(received: Sequence[Received]) -> None:
    if not received:
        missing = Problem(
            field="file", problem="required", got="nothing", expected="a file", fix="send a file"
        )
        raise PostrailError("bad_request", "There is no file in the request.", details=[missing])
    if len(received) > MOST_FILES:
        raise PostrailError("too_many_images", f"One upload takes at most {MOST_FILES} files.")


@contextmanager
def _kept(library: Library, received: Sequence[Received], *, fit: bool) -> Iterator[list[MediaItem]]:
    """Put files into the spool; they go again, unless they are needed, when the `with` ends by an error."""
    items: list[MediaItem] = []
    errors: list[PostrailError] = []
    with ExitStack() as undo:
        for got in received:
            try:
                item = library.intake.keep(got.file, field_path=got.field, fit=fit)
            except PostrailError as error:
                errors.append(error)
                continue
            items.append(item)
            undo.callback(forget, library, item.media_id)
        if errors:
            raise all_of(errors)
        yield items
        undo.pop_all()


def forget(library: Library, media_id: str) -> int:
    """Delete a file that nobody needs; return how many bytes went."""
    return library.intake.collect(
        media_id, lambda: media_id in library.records.needed([media_id], library.life)
    )


def _new_upload(context: Context, got: Received, item: MediaItem) -> NewUpload:
    is_video = item.kind == "video" and item.width is not None and item.height is not None
    warnings = video_warnings(item.width or 0, item.height or 0) if is_video else []
    label = label_of(got.label) or item.name
    return NewUpload(id=context.ids.new(PREFIX), item=item, label=label, warnings=tuple(warnings))


def _admission(
    context: Context, principal: Principal, uploads: tuple[NewUpload, ...], album: str | None
) -> Admission:
    """Return what is to be recorded.

    Raises PostrailError `invalid_request` for a video in an album, `album_not_found` for what can be none.
    """
    all_photos = all(new.item.kind == "photo" for new in uploads)
    if album is None and len(uploads) > 1 and all_photos:
        album = NEW
    if album is not None and not all_photos:
        problem = Problem(
            field="album_id",
            problem="album_of_photos",
            got="a video",
            expected="photos alone",
            fix="leave album_id out for a video",
        )
        raise PostrailError("invalid_request", "An album holds photos alone.", details=[problem])
    is_new = album == NEW
    if album is not None:
        check_album_id(album)
    return Admission(
        reach=reach_of(principal),
        uploads=uploads,
        album_id=context.ids.new(ALBUM_PREFIX) if is_new else album,
        new_album=is_new,
    )


def same_warnings(labels: Sequence[str], admitted: Sequence[Upload]) -> list[str]:
    """Return what is to be said of files of one request that are the same upload. Pure."""
    first: dict[str, str] = {}
    warnings = []
    for label, upload in zip(labels, admitted, strict=True):
        if upload.id in first:
            warnings.append(
                f"{label} has the same bytes as {first[upload.id]}: they are one upload, {upload.id}, which "
                "stands once in an album"
            )
        first.setdefault(upload.id, label)
    return warnings


def _answer(
    context: Context, admitted: Sequence[Upload], album_id: str | None, warnings: Sequence[str]
) -> dict[str, object]:
    """Return the answer to an upload: `album_id` is the album that this request has put it into."""
    rows = [upload_row(context.public_url, replace(upload, album_id=album_id)) for upload in admitted]
    if len(rows) == 1:
        return {"ok": True, **rows[0]}
    ends = min(upload.expires_at for upload in admitted)
    urls = list(dict.fromkeys(row["url"] for row in rows))
    images = {"photo_images": urls} if album_id else {}
    return {
        "ok": True,
        "album_id": album_id,
        "expires_at": to_iso(ends),
        **images,
        "media": rows,
        "warnings": list(warnings),
    }


def album_of(given: Mapping[str, object]) -> str | None:
    """Return the album that an upload's input names: an id, `new`, or None for none."""
    named = given.get("album_id") or given.get("album")
    return None if named is None else str(named)


def with_receipt(body: Mapping[str, object], understood: Understanding) -> dict[str, object]:
    """Return an answer with what its rows became; the warnings of both stand together."""
    receipt = understood.receipt()
    both = [*(_list(receipt["warnings"])), *(_list(body.get("warnings")))]
    return {**body, **receipt, "warnings": both}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def show(context: Context, principal: Principal, upload_id: str) -> dict[str, object]:
    """Tell about an upload. Raises PostrailError `media_not_found` or `media_expired`."""
    demand(principal, "posts:read")
    upload = find(context.library, reach_of(principal), upload_id, context.ledger.now())
    return {"ok": True, **upload_row(context.public_url, upload)}


def end(context: Context, principal: Principal, upload_id: str) -> None:
    """End an upload now. Raises PostrailError `media_not_found`, `media_expired` or `media_in_use`."""
    demand(principal, "posts:write")
    library, reach = context.library, reach_of(principal)
    upload = find(library, reach, upload_id, context.ledger.now())
    if not library.records.end(reach, upload_id):
        # Somebody else was quicker: what is there now is told as ever.
        find(library, reach, upload_id, context.ledger.now())
        raise not_found(upload_id)
    forget(library, upload.item.media_id)


def show_album(context: Context, principal: Principal, album_id: str) -> dict[str, object]:
    """Tell about an album and its photos. Raises PostrailError `album_not_found`."""
    demand(principal, "posts:read")
    return album_row(context.public_url, find_album(context.library, reach_of(principal), album_id))


def retain(context: Context, principal: Principal, album_id: str) -> dict[str, object]:
    """Keep an album for longer. Raises PostrailError `album_not_found`."""
    demand(principal, "posts:write")
    check_album_id(album_id)
    library = context.library
    album = library.records.retain(reach_of(principal), album_id, library.life)
    if album is None:
        raise no_album(album_id)
    return {"ok": True, "album_id": album.id, "expires_at": to_iso(album.expires_at)}


def end_album(context: Context, principal: Principal, album_id: str) -> None:
    """End an album and its photos now. Raises PostrailError `album_not_found` or `media_in_use`."""
    demand(principal, "posts:write")
    library, reach = context.library, reach_of(principal)
    album = find_album(library, reach, album_id)
    if not library.records.end_album(reach, album_id):
        raise no_album(album_id)
    for upload in album.uploads:
        forget(library, upload.item.media_id)
