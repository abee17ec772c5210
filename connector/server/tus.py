"""`/v1/media/tus`: uploads that go on where they were cut, by the tus protocol 1.0.0."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, request

from connector.engine.intake import show
from connector.engine.model import Principal
from connector.engine.model_media import Partial
from connector.engine.resume import append, begin, give_up, look
from connector.kernel.errors import PostrailError
from connector.server.site import Site
from connector.web import tus
from connector.web.uploads import pieces_of

PATH = "/v1/media/tus"
MEDIA_ID = "X-Media-Id"
"""The header that names the upload which a whole file has become."""


def _headers() -> dict[str, str]:
    """Return the headers of the present request, each under its name In-Title-Case."""
    return {name.title(): value for name, value in request.headers.items()}


def _answer(site: Site, state: Partial, status: int = 204) -> Response:
    headers = {"Upload-Offset": str(state.offset), "Upload-Expires": tus.http_date(state.expires_at)}
    if status == 201:  # noqa: PLR2004 - created: told where
        headers["Location"] = f"{urlsplit(site.context.public_url).path}{PATH}/{state.id}"
    if state.upload_id is not None:
        headers[MEDIA_ID] = state.upload_id
    return Response(status=status, headers=headers)


def _append(site: Site, principal: Principal, partial_id: str, offset: int) -> Partial:
    """Write the body of the present request into a file."""
    if request.mimetype != tus.CONTENT_TYPE:
        raise tus.wrong_type(request.mimetype)
    checksum = tus.checksum_of(_headers())
    digest = checksum.begin() if checksum else None

    def pieces() -> Iterator[bytes]:
        for piece in pieces_of(request, site.context.library.intake.limit):
            if digest is not None:
                digest.update(piece)
            yield piece

    return append(
        site.context,
        principal,
        partial_id,
        offset,
        pieces(),
        keep_part=checksum is None,
        is_right=lambda: checksum is None or digest is None or digest.digest() == checksum.digest,
    )


def _create(site: Site, principal: Principal) -> Response:
    length = tus.length_of(_headers(), site.context.library.intake.limit)
    state = begin(site.context, principal, length, tus.metadata_of(_headers()))
    if request.mimetype == tus.CONTENT_TYPE:
        state = _append(site, principal, state.id, 0)
    return _answer(site, state, 201)


def _look(site: Site, principal: Principal, partial_id: str) -> Response:
    state = look(site.context, principal, partial_id)
    response = _answer(site, state, 200)
    response.headers["Upload-Length"] = str(state.length)
    if state.metadata:
        response.headers["Upload-Metadata"] = tus.spell_metadata(state.metadata)
    return response


def _tell(site: Site, principal: Principal, partial_id: str) -> Response:
    """Tell in JSON how far a file has come, and what it has become."""
    state = look(site.context, principal, partial_id)
    if state.upload_id is None:
        return jsonify({"ok": True, "media_id": None, "offset": state.offset, "length": state.length})
    return jsonify(show(site.context, principal, state.upload_id))


def _end(site: Site, principal: Principal, partial_id: str) -> Response:
    give_up(site.context, principal, partial_id)
    return Response(status=204)


def _act(site: Site, partial_id: str) -> Response:
    """Do with a file what the present request asks for, by its method or the one that it asks to stand in."""
    principal, method = site.principal(), request.method
    if method == "GET":
        return _tell(site, principal, partial_id)
    tus.check_version(_headers())
    if method == "POST":
        method = request.headers.get("X-HTTP-Method-Override", "").upper()
    if method == "PATCH":
        return _answer(site, _append(site, principal, partial_id, tus.offset_of(_headers())))
    if method in {"HEAD", "DELETE"}:
        return (_look if method == "HEAD" else _end)(site, principal, partial_id)
    raise PostrailError("method_not_allowed", "POST needs X-HTTP-Method-Override here.")


def _speak_tus(response: Response) -> Response:
    """Put the version of the protocol on every answer of its addresses."""
    if request.path.startswith(PATH):
        response.headers["Tus-Resumable"] = tus.VERSION
        if response.status_code == 412:  # noqa: PLR2004 - the client's version is not ours
            response.headers["Tus-Version"] = tus.VERSION
    return response


def register(app: Flask, site: Site) -> None:
    """Add the routes of the protocol."""

    @app.route(PATH, methods=["OPTIONS"])
    @app.route(f"{PATH}/<partial_id>", methods=["OPTIONS"])
    def tus_options(partial_id: str = "") -> Response:
        del partial_id
        return Response(status=204, headers=tus.offers(site.context.library.intake.limit))

    @app.post(PATH, strict_slashes=False)
    def tus_create() -> Response:
        principal = site.principal()
        tus.check_version(_headers())
        return _create(site, principal)

    @app.route(f"{PATH}/<partial_id>", methods=["HEAD", "GET", "PATCH", "DELETE", "POST"])
    def tus_part(partial_id: str) -> Response:
        return _act(site, partial_id)

    app.after_request(_speak_tus)
