"""Small HTML pages: templates filled in, with headers that let nothing else in. No script anywhere."""

import base64
import hashlib

from flask import Response
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

_PAGES = Environment(
    loader=PackageLoader("connector.server"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_STYLE = _PAGES.get_template("style.css").render()
_PAGES.globals["style"] = _STYLE
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; frame-ancestors 'none'",
    # A callback's address holds a code: no other site may learn it.
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


def page(name: str, status: int = 200, **values: object) -> Response:
    """Return a page from the template `name`."""
    html = _PAGES.get_template(f"{name}.html").render(values)
    return Response(html, status=status, mimetype="text/html", headers=_HEADERS)


def elsewhere(url: str) -> Response:
    """Send the browser on to another address."""
    return Response(status=303, headers={**_HEADERS, "Location": url})
