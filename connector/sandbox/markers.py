"""Mishaps by caption: `#fault:internal` in a title or description makes that very post go wrong.

    #fault:internal             the task fails with this reason, whenever it is sent (any word does)
    #fault:refuse:spam_risk     the init is refused with this code
    #fault:chunk:416            the first PUT is refused with this status
    #fault:lose_reply, reset, error_before, error_after, gateway_before, gateway_after, truncate, expire
    #fault:slow:5               the answer to the init comes after so many seconds
    #fault:rate_limit           the init is refused with 429
    #fault:503                  the init is refused with this HTTP status (400 to 599)

All but failures strike the first init with this caption alone; `:x3` at the end strikes the first three.
"""

import hashlib
import re
from dataclasses import dataclass

from connector.sandbox.database import Database
from connector.sandbox.rules import Rule

_MARKER = re.compile(r"#fault:([a-z_]+|[45]\d\d)(?::(?!x\d)([a-z0-9_]+))?(?::x(\d{1,4}))?")

_WORDS = {
    "lose_reply": Rule(what="lose", after_effect=True),
    "reset": Rule(what="reset"),
    "error_before": Rule(what="refuse"),
    "error_after": Rule(what="refuse", after_effect=True),
    "gateway_before": Rule(what="gateway"),
    "gateway_after": Rule(what="gateway", after_effect=True),
    "truncate": Rule(what="truncate"),
    "expire": Rule(what="expire"),
    "rate_limit": Rule(what="refuse", code="rate_limit_exceeded"),
}


@dataclass(frozen=True, kw_only=True)
class Marker:
    """A marker as read; `times` None: it strikes every time."""

    text: str
    rule: Rule
    times: int | None


def read_marker(caption: str) -> Marker | None:
    """Return the first marker in a caption."""
    found = _MARKER.search(caption)
    if found is None:
        return None
    word, argument, times = found.groups()
    rule = _rule_of(word, argument)
    once = None if rule.what == "fail" else 1
    return Marker(text=found.group(), rule=rule, times=int(times) if times else once)


def _rule_of(word: str, argument: str | None) -> Rule:
    if word in _WORDS:
        return _WORDS[word]
    if word.isdigit():
        return _WORDS["rate_limit"] if word == "429" else Rule(what="refuse", status=int(word))
    number = int(argument) if argument and argument.isdigit() else None
    if word == "refuse":
        return Rule(what="refuse", code=argument or "internal_error")
    if word == "chunk":
        return Rule(what="chunk", status=number if number in range(400, 600) else 500)
    if word == "slow":
        return Rule(what="slow", after_effect=True, seconds=float(min(number or 1, 600)))
    return Rule(what="fail", fail_reason=word)


class Marks:
    """Counts which captions of which creators have been struck, over restarts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def strike(self, open_id: str, caption: str) -> Rule | None:
        """Return what the marker of a caption does to this init, and count it."""
        marker = read_marker(caption)
        if marker is None:
            return None
        mark = hashlib.sha256(f"{open_id} {caption}".encode("utf-8", "surrogatepass")).hexdigest()
        with self._database.transaction():
            sql = (
                "INSERT INTO marks (mark, hits) VALUES (:mark, 1) ON CONFLICT DO UPDATE SET hits = hits + 1"
                " RETURNING hits"
            )
            hits = self._database.rows(sql, mark=mark)[0]["hits"]
        return marker.rule if marker.times is None or hits <= marker.times else None
