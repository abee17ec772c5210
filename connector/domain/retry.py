"""When to try again, and when to look again: tables, not loops."""

MAX_ATTEMPTS = 5
"""Publish attempts of a direct post, after which it fails (TikTok counts each init against the account)."""

MAX_INBOX_ATTEMPTS = 2
"""The same for an inbox share: TikTok lets five be pending a day."""


def max_attempts(mode: str) -> int:
    """Return how often a post may be tried at TikTok, by its mode (`direct` or `inbox`)."""
    return MAX_INBOX_ATTEMPTS if mode == "inbox" else MAX_ATTEMPTS


MAX_FETCHES = 4
"""Tries to fetch media from a source that nobody seems to serve: some 20 seconds."""

MAX_SLOW_FETCHES = 12
"""Tries to fetch media from a source that answers and has trouble: some 40 minutes."""

MAX_UPLOAD_TRIES = 10
"""Failures in a row of one chunk, after which the upload is given up."""

URL_MARGIN_MS = 60_000
"""An upload URL counts as expired this long after its hour."""

MAX_STATUS_TRIES = 10
"""Refused status calls in a row, after which the outcome is left to a person."""

MAX_DEFECTS = 6
"""Times that our own code may fail on a post before it is parked."""

BUSY_MS = 1_000
"""Wait when the account has another init under way."""

UNKNOWN_ID_MS = 120_000
"""TikTok may not know a publish id yet for a while after it gave it."""

STALL_MS = 3_600_000
"""A post that TikTok has processed for longer than this is shown as stalled."""

GIVE_UP_MS = 4 * 3_600_000
"""What TikTok may hold whole (a last chunk in doubt, a pull) and has not ended by then is in doubt."""

PASSING_CODES = frozenset({"disk_full", "media_storage_failed", "not_ready", "server_draining"})
"""Refusals that say nothing about the post: this machine could not work on it now."""

PASSING_WAIT_MS = 10_000
"""How long a post waits after one of them."""

NEEDS_RECONNECT = "account_needs_reconnect"
"""The code of an account for which no app may act any more."""

RECONNECT_LOOK_MS = 1_800_000
"""How often a post at TikTok is looked at while its account must be connected again."""

RECONNECT_WAIT_MS = 7 * 86_400_000
"""How long such a post waits before it is left to a person."""

SOURCE_CODE = "fetch_error"
"""The code of a media source that does not give the file; the problems say whether it ever may."""

SLOW_SOURCE_PROBLEMS = frozenset(
    {"source_timeout", "source_cut", "source_changed", "source_5xx", "source_busy"}
)
"""Problems of a media source that is there: they may well go away by themselves."""

TRANSIENT_SOURCE_PROBLEMS = SLOW_SOURCE_PROBLEMS | {"unreachable"}
"""Problems of a media source that may go away by themselves."""

RETRYABLE_FAIL_REASONS = frozenset({"internal", "video_pull_failed", "photo_pull_failed"})
"""TikTok's fail reasons after which the same post may be sent again (its status page says so)."""

_BACKOFF_MS = (1_000, 4_000, 15_000, 60_000, 300_000)

_LOOK_AGAIN = (
    (10_000, 700),
    (60_000, 3_000),
    (600_000, 10_000),
    (3_600_000, 60_000),
    (86_400_000, 300_000),
)
"""(age of the post in milliseconds, wait until the next status call in milliseconds)."""

_LOOK_AGAIN_TOLD = (
    (10_000, 3_000),
    (60_000, 10_000),
    (600_000, 60_000),
    (3_600_000, 300_000),
)
"""The same while TikTok's webhooks arrive here: they make a post due at once, so looking is the fallback."""

SLOWEST_LOOK_MS = 1_800_000

SOUGHT_FOR_MS = 72 * 3_600_000
"""How long after its attempt an unconfirmed post is looked for, as long as TikTok repeats its webhooks.

A public post that TikTok calls published, without an id until then, is in doubt as well.
"""

_SEEK_AGAIN = (
    (3_600_000, 300_000),
    (6 * 3_600_000, 3_600_000),
    (24 * 3_600_000, 4 * 3_600_000),
    (SOUGHT_FOR_MS, 12 * 3_600_000),
)
"""(age of the attempt in milliseconds, wait until an unconfirmed post is looked for again)."""

HEARD_LATELY_MS = 3_600_000
"""Webhooks count as arriving for this long after the last genuine one."""

HOOK_AGAIN_MS = 1_000
"""Wait of a webhook whose post is in somebody's hand, or whose account has an init under way."""

MAX_HOOK_DEFECTS = 20
"""Times that our own code may fail on a webhook before it is left to a person."""

ORPHAN_WINDOW_MS = 2 * 3_600_000
"""How long after an init TikTok may still tell of it: an upload URL and a pull last one hour."""

PULL_WINDOW_MS = 2 * 3_600_000
"""For how long after its outcome a post's files stay: TikTok pulls within an hour of the init."""

ORPHAN_SKEW_MS = 300_000
"""By how much TikTok's clock may be behind ours."""


def backoff(tries: int) -> int:
    """Return the milliseconds to wait after the `tries`-th failure in a row (1 is the first)."""
    return _BACKOFF_MS[min(max(tries, 1), len(_BACKOFF_MS)) - 1]


def most_fetches(problems: frozenset[str]) -> int:
    """Return how often a source with these problems is tried: 1 where trying again does not help."""
    if not problems or not problems <= TRANSIENT_SOURCE_PROBLEMS:
        return 1
    return MAX_SLOW_FETCHES if problems & SLOW_SOURCE_PROBLEMS else MAX_FETCHES


def stays_refused(code: str, problems: frozenset[str]) -> bool:
    """Tell whether waiting is in vain for one of these problems: the source itself must change."""
    return code == SOURCE_CODE and not problems <= TRANSIENT_SOURCE_PROBLEMS


def look_again(age_ms: int, *, told: bool = False) -> int:
    """Return the milliseconds until the next status call for a post sent `age_ms` ago.

    `told`: TikTok's webhooks arrive, so that looking is the fallback alone.
    """
    for age, wait in _LOOK_AGAIN_TOLD if told else _LOOK_AGAIN:
        if age_ms < age:
            return wait
    return SLOWEST_LOOK_MS


def seek_again(age_ms: int) -> int | None:
    """Return the milliseconds until an unconfirmed post is looked for again; None: a person must look."""
    for age, wait in _SEEK_AGAIN:
        if age_ms < age:
            return wait
    return None
