"""Use cases of files that their senders put into the bucket themselves: begun, completed, given up."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from connector.domain.retry import PASSING_CODES
from connector.engine.access import demand
from connector.engine.context import Context
from connector.engine.intake import Received, take_in
from connector.engine.library import Library, find, find_album, reach_of, upload_row
from connector.engine.model import Principal
from connector.engine.model_media import Partial
from connector.engine.ports_storage import PresignedUploads
from connector.engine.resume import PARTIAL_PREFIX, check_begin, check_room
from connector.kernel.clock import to_iso
from connector.kernel.errors import PostrailError, Problem

PATH = "/v1/media/presigned"
KEPT = ("name", "sha256", "album_id", "fit")
"""What is kept of the rows until the file is whole."""


def _offered(library: Library) -> PresignedUploads:
    """Return where files are put directly. Raises PostrailError `presigned_not_offered` where nowhere."""
    if library.presigned is None:
        raise PostrailError(
            "presigned_not_offered", "Media is kept on this server's own disk: upload it to POST /v1/media."
        )
    return library.presigned


def begin(context: Context, principal: Principal, given: Mapping[str, object]) -> dict[str, object]:
    """Begin a file of `size` bytes, and tell where its parts go and what to call in the end.

    Raises PostrailError `presigned_not_offered`, `too_large`, and as `resume.begin` does.
    """
    demand(principal, "posts:write")
    library, reach, length = context.library, reach_of(principal), int(str(given["size"]))
    uploads = _offered(library)
    if length > library.intake.limit:
        raise _too_large(library.intake.limit, length)
    if given.get("album_id"):
        check_room(find_album(library, reach, str(given["album_id"])))
    metadata = {name: str(given[name]) for name in KEPT if given.get(name)}
    with (
        uploads.beginning(principal.workspace_id),
        library.partials.begun(principal.workspace_id, alone=True) as lengths,
    ):
        check_begin(library, principal.workspace_id, length, lengths)
        state, parts = uploads.create(context.ids.new(PARTIAL_PREFIX), reach, length, metadata)
    content_type = given.get("content_type")
    return {
        "ok": True,
        "upload_id": state.id,
        "method": "PUT",
        "url": parts[0].url if len(parts) == 1 else None,
        "headers": {"Content-Type": content_type} if content_type else {},
        "parts": [
            {"number": part.number, "first": part.first, "size": part.size, "url": part.url} for part in parts
        ],
        "expires_at": to_iso(state.expires_at),
        "complete_url": f"{context.public_url}{PATH}/{state.id}/complete",
    }


def _too_large(limit: int, length: int) -> PostrailError:
    problem = Problem(
        field="size",
        problem="too_large",
        got=f"{length} bytes",
        expected=f"at most {limit} bytes",
        fix="send a smaller file",
        code="too_large",
    )
    return PostrailError("too_large", f"A file may have {limit} bytes at most.", details=[problem])


def complete(context: Context, principal: Principal, partial_id: str) -> dict[str, object]:
    """Make a file whose bytes are all there an upload of who began it, and answer as any upload is answered.

    A second call answers with what it has become. One that is refused is forgotten, unless the cause may pass
    or the bytes can be put again. Raises PostrailError `presigned_not_offered`, `upload_not_found`,
    `upload_mismatch`, `upload_locked`, and what is wrong with the file.
    """
    demand(principal, "posts:write")
    library, reach = context.library, reach_of(principal)
    uploads = _offered(library)
    with uploads.take(reach, partial_id) as state:
        if state.upload_id is not None:
            upload = find(library, reach, state.upload_id, context.ledger.now())
            return {"ok": True, **upload_row(context.public_url, upload)}
        body = _taken(context, replace(principal, account_id=state.account_id), state)
        uploads.done(state, str(body["media_id"]))
        return body


def _taken(context: Context, principal: Principal, state: Partial) -> dict[str, object]:
    """Take a file in by the road of all uploads."""
    uploads, told = _offered(context.library), state.metadata
    with context.library.intake.receive() as file:
        for piece in _checked(uploads.pieces(state), told.get("sha256")):
            with _judged(uploads, state):
                file.write(piece)
        with _judged(uploads, state):
            return take_in(
                context,
                principal,
                [Received(field="file", label=told.get("name", ""), file=file)],
                album=told.get("album_id"),
                fit="fit" in told,
                partial_id=state.id,
            )


@contextmanager
def _judged(uploads: PresignedUploads, state: Partial) -> Iterator[None]:
    """Forget a file that is refused inside the `with`, unless the cause may pass.

    What goes wrong while it is read from the bucket is no judgement of it.
    """
    try:
        yield
    except PostrailError as error:
        if error.code not in PASSING_CODES:
            uploads.drop(state)
        raise


def _checked(pieces: Iterable[bytes], sha256: str | None) -> Iterator[bytes]:
    """Yield pieces as they come. Raises PostrailError `upload_mismatch` at their end for other bytes."""
    if sha256 is None:
        yield from pieces
        return
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        yield piece
    if digest.hexdigest() != sha256.lower():
        problem = Problem(
            field="sha256",
            problem="other_bytes",
            got=digest.hexdigest(),
            expected=sha256.lower(),
            fix="PUT the file to its address again, then complete the upload again",
            code="upload_mismatch",
        )
        message = "The bytes in the bucket have another SHA-256 than was announced."
        raise PostrailError("upload_mismatch", message, details=[problem])


def give_up(context: Context, principal: Principal, partial_id: str) -> None:
    """Forget a file that is not done; the upload that one has become stays, and what tells of it.

    Raises PostrailError `upload_not_found`, and `upload_locked` while it is being completed.
    """
    demand(principal, "posts:write")
    uploads = _offered(context.library)
    with uploads.take(reach_of(principal), partial_id) as state:
        uploads.drop(state)
