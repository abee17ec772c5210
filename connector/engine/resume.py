"""Use cases of uploads that come in several requests: begun, gone on with, whole, given up."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from connector.domain.retry import PASSING_CODES
from connector.engine.access import demand
from connector.engine.context import Context
from connector.engine.intake import NEW, Received, take_in
from connector.engine.library import Library, find_album
from connector.engine.model import Principal
from connector.engine.model_media import Partial
from connector.engine.ports_media import PartialFile
from connector.kernel.errors import PostrailError

PARTIAL_PREFIX = "upload"
MOST_OPEN = 100
"""Uploads in several requests that a workspace may have begun and not finished."""

_NAMES = ("filename", "name")
"""What clients call the file's name in its metadata."""


def begin(context: Context, principal: Principal, length: int, metadata: Mapping[str, str]) -> Partial:
    """Begin a file of `length` bytes.

    Raises PostrailError `album_not_found` for an album that is not there, `too_many_open_uploads`, and
    `media_quota_exceeded` where the workspace's uploads and the whole of what it has begun are too much.
    """
    demand(principal, "posts:write")
    library, album = context.library, _album(metadata)
    if album not in {None, NEW}:
        find_album(library, principal.workspace_id, str(album))
    partial_id = context.ids.new(PARTIAL_PREFIX)
    allow = partial(_allow, library, principal.workspace_id, length)
    return library.partials.create(partial_id, principal.workspace_id, length, metadata, allow)


def _allow(library: Library, workspace_id: str, length: int, begun: Sequence[int]) -> None:
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
        raise PostrailError(
            "media_quota_exceeded",
            f"With this upload and those begun the workspace would hold {held} bytes of media; "
            f"it may hold {quota}.",
        )


def _album(metadata: Mapping[str, str]) -> str | None:
    return metadata.get("album_id") or metadata.get("album") or None


@contextmanager
def _in_hand(context: Context, principal: Principal, partial_id: str) -> Iterator[PartialFile]:
    demand(principal, "posts:write")
    with context.library.partials.take(principal.workspace_id, partial_id) as part:
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
    """Make a whole file an upload. One that is refused is forgotten, unless the cause may pass."""
    state = part.state
    if state.upload_id is not None or state.offset < state.length:
        return state
    label = next((state.metadata[name] for name in _NAMES if state.metadata.get(name)), "")
    try:
        with context.library.intake.adopt(part) as file:
            received = Received(field="file", label=label, file=file)
            album, fit = _album(state.metadata), state.metadata.get("fit", "").lower() == "true"
            body = take_in(context, principal, [received], album=album, fit=fit)
    except PostrailError as error:
        if error.code not in PASSING_CODES:
            part.drop()
        raise
    part.done(str(body["media_id"]))
    return part.state


def look(context: Context, principal: Principal, partial_id: str) -> Partial:
    """Tell how far a file has come; one that is whole is made an upload, if that was cut short."""
    demand(principal, "posts:write")
    state = context.library.partials.look(principal.workspace_id, partial_id)
    if state.upload_id is not None or state.offset < state.length:
        return state
    with _in_hand(context, principal, partial_id) as part:
        return _finished(context, principal, part)


def give_up(context: Context, principal: Principal, partial_id: str) -> None:
    """Forget a file that is not whole; the upload that a whole one became stays."""
    with _in_hand(context, principal, partial_id) as part:
        part.drop()
