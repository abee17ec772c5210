"""Use cases of uploads that come in several requests: begun, gone on with, whole, given up."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from connector.contract import Rows
from connector.domain.media import MOST_PHOTOS
from connector.domain.retry import PASSING_CODES
from connector.engine.access import demand
from connector.engine.context import Context
from connector.engine.intake import NEW, OPERATION, PLACEHOLDER, Received, album_of, take_in
from connector.engine.library import Library, album_full, find_album, quota_exceeded, reach_of
from connector.engine.model import Principal
from connector.engine.model_media import Album, Partial
from connector.engine.ports_media import PartialFile
from connector.kernel.errors import PostrailError

PARTIAL_PREFIX = "upload"
MOST_OPEN = 100
"""Uploads in several requests that a workspace may have begun and not finished."""

ROWS = ("album", "album_id", "fit")
"""What of the metadata is read as a row of Upload Media."""

_NAMES = ("filename", "name")
"""What clients call the file's name in its metadata."""


def begin(context: Context, principal: Principal, length: int, metadata: Mapping[str, str]) -> Partial:
    """Begin a file of `length` bytes.

    Raises PostrailError `album_not_found` for an album that is not there, `too_many_open_uploads`, and
    `media_quota_exceeded` where the workspace's uploads and the whole of what it has begun are too much.
    """
    demand(principal, "posts:write")
    library, reach, given = context.library, reach_of(principal), _read(context, metadata)
    if (album := album_of(given)) not in {None, NEW}:
        check_room(find_album(library, reach, str(album)))
    partial_id = context.ids.new(PARTIAL_PREFIX)
    allow = partial(check_begin, library, principal.workspace_id, length)
    return library.partials.create(partial_id, reach, length, metadata, allow)


def check_room(album: Album) -> None:
    """Raise PostrailError `too_many_images` where an album takes no other photo."""
    if len(album.uploads) >= MOST_PHOTOS:
        raise album_full(len(album.uploads) + 1)


def _read(context: Context, metadata: Mapping[str, str]) -> Mapping[str, object]:
    """Read what the metadata says about the file as the rows of any upload are read.

    Whatever else clients put there is theirs. Raises PostrailError `invalid_request`.
    """
    rows = {name: metadata[name] for name in ROWS if name in metadata}
    understood = context.contract.understand(OPERATION, Rows.of({**rows, "file": PLACEHOLDER}))
    if not understood.ok:
        raise understood.error()
    return understood.input


def check_begin(library: Library, workspace_id: str, length: int, begun: Sequence[int]) -> None:
    """Refuse a file of `length` bytes where those `begun` leave it no room."""
    if len(begun) >= MOST_OPEN:
        raise PostrailError(
            "too_many_open_uploads", f"{len(begun)} uploads are begun and not finished; {MOST_OPEN} may be."
        )
    quota = library.life.quota
    if quota is None:
        return
    held = library.records.held(workspace_id) + sum(begun) + length
    if held > quota:
        raise quota_exceeded(held, quota)


@contextmanager
def _in_hand(context: Context, principal: Principal, partial_id: str) -> Iterator[PartialFile]:
    demand(principal, "posts:write")
    with context.library.partials.take(reach_of(principal), partial_id) as part:
        yield part


def append(
    context: Context,
    principal: Principal,
    partial_id: str,
    offset: int,
    pieces: Iterable[bytes],
    *,
    keep_part: bool,
    is_right: Callable[[], bool],
) -> Partial:
    """Write `pieces` at `offset`, and make the file an upload once it is whole.

    What came before the pieces broke off stays where `keep_part` allows it. `is_right` is asked at the end of
    them. Raises PostrailError `upload_offset_mismatch`, `upload_checksum_mismatch`, `too_large`, and what is
    wrong with the whole file.
    """
    with _in_hand(context, principal, partial_id) as part:
        if part.state.offset != offset:
            raise PostrailError(
                "upload_offset_mismatch",
                f"{part.state.offset} bytes are here; the request begins at {offset}.",
            )
        try:
            _write(part, pieces)
        except (PostrailError, OSError) as error:
            if not keep_part or (isinstance(error, PostrailError) and error.code == "too_large"):
                part.cut(offset)
            raise
        finally:
            part.sync()
        if not is_right():
            part.cut(offset)
            raise PostrailError("upload_checksum_mismatch", "The bytes of the request are not those sent.")
        return _finished(context, principal, part)


def _write(part: PartialFile, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        if part.state.offset + len(piece) > part.state.length:
            raise PostrailError("too_large", "More bytes came than Upload-Length has announced.")
        part.write(piece)


def _finished(context: Context, principal: Principal, part: PartialFile) -> Partial:
    """Make a whole file an upload of who began it.

    One that is refused is forgotten, unless the cause may pass.
    """
    state = part.state
    if state.upload_id is not None or state.offset < state.length:
        return state
    label = next((state.metadata[name] for name in _NAMES if state.metadata.get(name)), "")
    try:
        with context.library.intake.adopt(part) as file:
            received = Received(field="file", label=label, file=file)
            given = _read(context, state.metadata)
            body = take_in(
                context,
                replace(principal, account_id=state.account_id),
                [received],
                album=album_of(given),
                fit=bool(given.get("fit")),
                partial_id=state.id,
            )
    except PostrailError as error:
        if error.code not in PASSING_CODES:
            part.drop()
        raise
    part.done(str(body["media_id"]))
    return part.state


def look(context: Context, principal: Principal, partial_id: str) -> Partial:
    """Tell how far a file has come; one that is whole is made an upload, if that was cut short."""
    demand(principal, "posts:write")
    state = context.library.partials.look(reach_of(principal), partial_id)
    if state.upload_id is not None or state.offset < state.length:
        return state
    with _in_hand(context, principal, partial_id) as part:
        return _finished(context, principal, part)


def give_up(context: Context, principal: Principal, partial_id: str) -> None:
    """Forget a file that is not whole; the upload that a whole one became stays."""
    with _in_hand(context, principal, partial_id) as part:
        part.drop()
