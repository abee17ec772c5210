"""The one exception that carries a catalogued error, and the problem it lists.

PostrailError            what went wrong, by its code in `manifests/errors.yaml`
└── details: Problem     one field each: what was got, what is expected, how to mend it
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

GOT_LIMIT = 200
"""Characters of a rejected value that an answer repeats."""


def cut(text: str, limit: int = GOT_LIMIT) -> str:
    """Shorten `text` to `limit` characters, saying how many are missing."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}... ({len(text) - limit} more characters)"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong with one field.

    `field` is a path such as `photo_images[3]` (empty: the request as a whole); `problem` is a stable word;
    `got`, `expected` and `fix` are sentences for people. `code` is the catalogue code this problem alone
    would be refused with. `auto_fix` holds the fields with which the same request would do, where that is
    safe to send without asking anybody.
    """

    field: str
    problem: str
    got: str = ""
    expected: str = ""
    fix: str = ""
    code: str = "invalid_request"
    auto_fix: Mapping[str, object] | None = None

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> Self:
        """Return the problem that `as_dict` has spelled."""
        return cls(**members)

    def as_dict(self) -> dict[str, object]:
        """Return the problem as the JSON object of an answer's `details`."""
        members = asdict(self)
        return members if self.auto_fix else {key: members[key] for key in members if key != "auto_fix"}


class PostrailError(Exception):
    """A refusal or failure with a code from the catalogue.

    `message` is one sentence; `details` name fields; `retry_at` is UTC milliseconds since the epoch;
    `tiktok_log_id` is TikTok's `error.log_id`; `extra` holds further members of the answer. `fix` is what to
    do where the catalogue's own words do not fit what was sent.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        details: Iterable[Problem] = (),
        retry_at: int | None = None,
        tiktok_log_id: str | None = None,
        extra: Mapping[str, object] | None = None,
        fix: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = tuple(details)
        self.retry_at = retry_at
        self.tiktok_log_id = tiktok_log_id
        self.extra = dict(extra or {})
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
