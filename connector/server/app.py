"""The HTTP surface, put together."""

from flask import Flask

from connector.server import (
    accounts,
    albums,
    audit,
    catalogue,
    dialects,
    domains,
    health,
    hooks,
    index,
    media,
    oauth,
    operations,
    presigned,
    previews,
    tus,
    uploads,
)
from connector.server.site import Site
from connector.web.app import create_app


def build_app(site: Site, *, max_body_bytes: int) -> Flask:
    """Return the Flask app that serves everything of `server`."""
    context = site.context
    app = create_app(
        "postrail",
        contract=context.contract,
        clock=context.clock,
        ids=context.ids,
        max_body_bytes=max_body_bytes,
    )
    for part in (
        operations,
        uploads,
        tus,
        presigned,
        previews,
        dialects,
        albums,
        catalogue,
        media,
        domains,
        health,
        index,
        oauth,
        accounts,
        audit,
        hooks,
    ):
        part.register(app, site)
    return app
