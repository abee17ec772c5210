"""TikTok's ids: 19-digit numbers near 76..., and the publish_id and upload_token made of them."""

import hashlib

from connector.kernel.clock import Clock
from connector.kernel.ids import Ids
from connector.sandbox.database import Database
from connector.sandbox.states import Flow, Source

_PREFIXES: dict[tuple[str, Flow, Source], str] = {
    ("video", "direct", "FILE_UPLOAD"): "v_pub_file~v2-1.",
    ("video", "direct", "PULL_FROM_URL"): "v_pub_url~v2.",
    ("video", "inbox", "FILE_UPLOAD"): "v_inbox_file~v2.",
    ("video", "inbox", "PULL_FROM_URL"): "v_inbox_url~v2.",
    ("photo", "direct", "PULL_FROM_URL"): "p_pub_url~v2.",
    ("photo", "inbox", "PULL_FROM_URL"): "p_inbox_url~v2.",
}
"""Reference 4.1; the last one as seen live, where the page's example says `p_pub_url~v2.`."""

_SCATTER = 2_654_435_761
"""An odd number: multiplying a counter by it modulo 2^32 repeats nothing and fills the low bits, so that an
id read as a floating-point number is visibly wrong."""


class Numbers:
    """Gives each number once, across restarts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def new(self) -> int:
        """Return a 64-bit id: UTC seconds in the high half, a scattered durable counter in the low one."""
        with self._database.transaction():
            self._database.write("INSERT OR IGNORE INTO meta (name, value) VALUES ('counter', '0')")
            self._database.write("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'counter'")
            found = self._database.rows("SELECT value FROM meta WHERE name = 'counter'")
        low = int(found[0]["value"]) * _SCATTER % 2**32
        return (self._clock.now() // 1000 << 32) | low


def publish_id(kind: str, flow: Flow, source: Source, number: int) -> str:
    """Spell a publish_id of a flow."""
    return f"{_PREFIXES[kind, flow, source]}{number}"


def new_upload_token(ids: Ids) -> str:
    """Return an unguessable token spelt as a UUID."""
    text = hashlib.sha256(ids.token().encode()).hexdigest()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:32]))
