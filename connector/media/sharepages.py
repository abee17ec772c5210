"""Share pages of file services: turned into the file's own address, or told apart from it (pure).

Sources: Dropbox's help, "Force a file to download" (`dl=1`); the form of Google Drive's own download page.
OneDrive, SharePoint, Google Photos and iCloud give no address of the file without their own programs.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

DRIVE_DOWNLOADS = "drive.usercontent.google.com"
"""The host that Google Drive gives files from."""

_PORTS = {None, 80, 443}
_DRIVE_FILE = re.compile(r"/(?:a/[^/]+/)?file(?:/u/\d+)?/d/([A-Za-z0-9_-]+)")
_DRIVE_QUERY = re.compile(r"(?:/u/\d+)?/(?:open|uc|download)")
_DRIVE_FOLDER = re.compile(r"/(?:drive(?:/u/\d+)?/folders/|folderview)")
_DRIVE_ID = re.compile(r"[A-Za-z0-9_-]{10,200}")
_DROPBOX_FILE = re.compile(r"/(?:s|scl/fi)/.")
_DROPBOX_FOLDER = re.compile(r"/(?:sh|scl/fo)/")
_SHAREPOINT_SHARE = re.compile(r"/:[a-z]:/|/_layouts/15/(?!download\.aspx)", re.IGNORECASE)


@dataclass(frozen=True)
class SharePage:
    """A page that shows a file and is not the file: whose it is, what it shows, what to do instead."""

    service: str
    what: str
    fix: str


def _page(service: str, what: str = "a page that shows the file") -> SharePage:
    return SharePage(service, what, _FIXES[service])


_FIXES = {
    "Google Drive": "share the file (no folder, no Google document) with anyone who has the link",
    "Dropbox": "share the file itself, not its folder, with anyone who has the link",
    "OneDrive": "upload the file to Postrail, or host it where its URL is the file itself",
    "SharePoint": "upload the file to Postrail, or host it where its URL is the file itself",
    "Google Photos": "download it from Google Photos, then upload it to Postrail or share it by Google Drive",
    "iCloud": "download it from iCloud, then upload it to Postrail or host it elsewhere",
}


def service_of(url: str) -> str | None:
    """Return the name of the file service that a URL belongs to, None for any other."""
    parts = urlsplit(url)
    if "@" in parts.netloc or parts.port not in _PORTS:
        return None
    host = (parts.hostname or "").removesuffix(".")
    if host == "goo.gl" and parts.path.startswith("/photos/"):
        return "Google Photos"
    if host.endswith(".sharepoint.com"):
        return "SharePoint"
    return _HOSTS.get(host)


_HOSTS = {
    "drive.google.com": "Google Drive",
    "docs.google.com": "Google Drive",
    DRIVE_DOWNLOADS: "Google Drive",
    "dropbox.com": "Dropbox",
    "www.dropbox.com": "Dropbox",
    "dl.dropboxusercontent.com": "Dropbox",
    "1drv.ms": "OneDrive",
    "onedrive.live.com": "OneDrive",
    "onedrive.com": "OneDrive",
    "photos.google.com": "Google Photos",
    "photos.app.goo.gl": "Google Photos",
    "icloud.com": "iCloud",
    "www.icloud.com": "iCloud",
    "share.icloud.com": "iCloud",
}


def shown_by(url: str) -> SharePage | None:
    """Return what a web page from a file service means, None where the URL belongs to none."""
    service = service_of(url)
    return None if service is None else _page(service)


def direct(url: str) -> str | SharePage:
    """Return the address to fetch for what a user gave: the file's own where a share page has one.

    A SharePage where the address can only ever answer with a web page.
    """
    service = service_of(url)
    return url if service is None else _READERS[service](url, urlsplit(url))


def _drive(url: str, parts: SplitResult) -> str | SharePage:
    query = dict(parse_qsl(parts.query))
    in_path = _DRIVE_FILE.match(parts.path)
    if in_path:
        return _drive_download(in_path[1], query)
    if _DRIVE_QUERY.fullmatch(parts.path) and "id" in query:
        return _drive_download(query["id"], query)
    if _DRIVE_FOLDER.match(parts.path):
        return _page("Google Drive", "a folder")
    if parts.hostname == "docs.google.com":
        return _page("Google Drive", "a document")
    return url if parts.path == "/thumbnail" else _page("Google Drive")


def _drive_download(file_id: str, query: dict[str, str]) -> str | SharePage:
    """Spell the address that gives the file at once, also where Drive would first warn of its size."""
    if not _DRIVE_ID.fullmatch(file_id):
        return _page("Google Drive", "an address without the file's id")
    wanted = {"id": file_id, "export": "download", "confirm": "t"}
    if "resourcekey" in query:
        wanted["resourcekey"] = query["resourcekey"]
    return f"https://{DRIVE_DOWNLOADS}/download?{urlencode(wanted)}"


def _dropbox(url: str, parts: SplitResult) -> str | SharePage:
    if parts.hostname == "dl.dropboxusercontent.com":
        return url
    if _DROPBOX_FOLDER.match(parts.path):
        return _page("Dropbox", "a folder")
    if not _DROPBOX_FILE.match(parts.path):
        return _page("Dropbox", "a page of somebody's own account")
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in {"dl", "raw"}]
    return parts._replace(query=urlencode([*kept, ("dl", "1")]), fragment="").geturl()


def _onedrive(url: str, parts: SplitResult) -> str | SharePage:
    return url if parts.path == "/download" else _page("OneDrive")


def _sharepoint(url: str, parts: SplitResult) -> str | SharePage:
    return _page("SharePoint") if _SHAREPOINT_SHARE.search(parts.path) else url


_READERS: dict[str, Callable[[str, SplitResult], str | SharePage]] = {
    "Google Drive": _drive,
    "Dropbox": _dropbox,
    "OneDrive": _onedrive,
    "SharePoint": _sharepoint,
    "Google Photos": lambda _url, _parts: _page("Google Photos"),
    "iCloud": lambda _url, _parts: _page("iCloud"),
}


class _Form(HTMLParser):
    """Finds the form by which Drive asks whether to download what it could not scan for viruses."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of the form and its hidden fields."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("id") == "download-form":
            self.action = given.get("action", "")
        elif tag == "input" and self.action and given.get("type") == "hidden":
            self.fields[given.get("name", "")] = given.get("value", "")


def confirmed(page: str) -> str | None:
    """Return the address behind Drive's "Download anyway", None for any other page."""
    form = _Form()
    try:
        form.feed(page)
        action = urlsplit(form.action)
    except (AssertionError, ValueError):  # how the parser takes a declaration like `<![ 5 ]`; no URL
        return None
    if (action.scheme, action.hostname) != ("https", DRIVE_DOWNLOADS) or "id" not in form.fields:
        return None
    return f"https://{DRIVE_DOWNLOADS}{action.path}?{urlencode(form.fields)}"
