"""`/v1/media`: files in from the tools, looked at and deleted again; files in by `upload_media` too."""

from contextlib import ExitStack

from flask import Flask, Response, jsonify, request

from connector.contract import Rows, Understanding
from connector.engine.access import demand
from connector.engine.ask import Ask
from connector.engine.intake import OPERATION, PLACEHOLDER, end, show
from connector.engine.library import find, reach_of
from connector.engine.model import Principal
from connector.engine.perform import perform
from connector.server.files import send_file
from connector.server.site import Site
from connector.web.uploads import FILE_NAMES, UploadBody, read_upload


def _understand(site: Site, body: UploadBody) -> Understanding:
    """Read the rows beside the files. Raises PostrailError with every problem at once."""
    rows = body.rows
    if body.received:
        kept = {name: value for name, value in rows.items() if name not in FILE_NAMES}
        rows = Rows.of({**kept, "file": PLACEHOLDER}, warnings=rows.warnings, receipts=rows.receipts)
    understood = site.context.contract.understand(OPERATION, rows)
    if not understood.ok:
        raise understood.error()
    return understood


def _upload(site: Site, principal: Principal) -> dict[str, object]:
    intake = site.context.library.intake
    with ExitStack() as files:
        body = read_upload(request, lambda: files.enter_context(intake.receive()), intake.limit)
        ask = Ask(
            principal=principal,
            operation=site.context.contract.operation(OPERATION),
            understood=_understand(site, body),
            received=body.received,
        )
        return perform(site.context, site.room, ask).body


def register(app: Flask, site: Site) -> None:
    """Add the routes of uploads."""

    @app.post("/v1/media")
    @app.post(f"/v1/operations/{OPERATION}")
    def upload_media() -> Response:
        principal = site.principal()
        demand(principal, "posts:write")
        return jsonify(_upload(site, principal))

    @app.get("/v1/media/<upload_id>")
    def uploaded(upload_id: str) -> Response:
        return jsonify(show(site.context, site.principal(), upload_id))

    @app.get("/v1/media/<upload_id>/<name>")
    def uploaded_file(upload_id: str, name: str) -> Response:
        del name
        principal = site.principal()
        demand(principal, "posts:read")
        library = site.context.library
        item = find(library, reach_of(principal), upload_id, site.context.ledger.now()).item
        return send_file(item, library.intake.blob(item.media_id))

    @app.delete("/v1/media/<upload_id>")
    def delete_upload(upload_id: str) -> Response:
        end(site.context, site.principal(), upload_id)
        return jsonify({"ok": True, "media_id": upload_id})
