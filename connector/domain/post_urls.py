"""The address of a post on TikTok, as a person copies it: pure.

TikTok's own links (`share_url` of video/list, and what the browser shows) read
`https://www.tiktok.com/@handle/video/ID`, or `/photo/ID` for a carousel, with a query behind it at times.
"""

import re
from collections.abc import Collection
from typing import Literal
from urllib.parse import urlsplit

from connector.kernel.errors import Problem, cut

TIKTOK_HOSTS = frozenset({"tiktok.com", "www.tiktok.com", "m.tiktok.com"})

_ID = re.compile(r"[0-9]{15,20}")
_PATH = re.compile(r"/@([^/]+)/(video|photo)/([0-9]{15,20})/?")
FIELD = "post_url"


def read_post_url(
    text: str, *, username: str, kind: Literal["video", "photo"], hosts: Collection[str] = ()
) -> str | Problem:
    """Return TikTok's id of the post that an address, or the id itself, names; else what is wrong with it.

    It must be a post of this user name and kind. `hosts` are served as TikTok's beside its own, with their
    ports where they have one.
    """
    text = text.strip()
    if _ID.fullmatch(text):
        return text
    expected = f"https://www.tiktok.com/@{username}/{kind}/ID, or the ID alone"
    found = _PATH.fullmatch(_path_at(text, TIKTOK_HOSTS.union(hosts)))
    if found is None:
        fix = "open the post in a browser and copy the address that the browser shows"
        return _wrong("not_a_post_url", text, expected, fix)
    theirs, sort, post_id = found.groups()
    if theirs.lower() != username.lower():
        fix = "look at the posts of the account that this post was made for"
        return _wrong("another_account", f"a post of @{theirs}", f"a post of @{username}", fix)
    if sort != kind:
        fix = "look for the post of the right kind: this is another one"
        return _wrong("another_kind", f"the address of a {sort}", f"that of a {kind}", fix)
    return post_id


def _path_at(text: str, hosts: Collection[str]) -> str:
    """Return the path of an address on one of these hosts; an empty one for anything else."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    here = parts.scheme in {"http", "https"} and parts.netloc.lower() in hosts
    return parts.path if here else ""


def _wrong(problem: str, got: str, expected: str, fix: str) -> Problem:
    return Problem(field=FIELD, problem=problem, got=cut(got), expected=expected, fix=fix)
