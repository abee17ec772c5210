"""Guarded egress: every request that Postrail sends anywhere goes through here.

Resolves a name once, refuses addresses that are not public unless their origin is trusted, and connects to
the very address it checked. Must not know SQL or TikTok.

network.py      the system's names and connections, as a port
guard.py        which address an origin may be reached at
trip.py         one request's rules and time, and the two ways it can go wrong
patience.py     sockets that keep to a deadline
connections.py  the HTTP library's connections, pinned to a guarded address
transport.py    Egress: what other rooms call
window.py       a part of a file as a request body
"""

from connector.net.transport import DEFAULT, Egress, Reply, StreamReply
from connector.net.trip import Broken, Patience, Timeout, Unsendable, Unsent
from connector.net.window import FileWindow

__all__ = [
    "DEFAULT",
    "Broken",
    "Egress",
    "FileWindow",
    "Patience",
    "Reply",
    "StreamReply",
    "Timeout",
    "Unsendable",
    "Unsent",
]
