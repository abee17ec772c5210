"""What goes wrong at the pretend TikTok during a drill: its script, its behaviour, its pace. Pure.

Each fault passes by itself, so a right product publishes every post in spite of them.
"""

from collections.abc import Mapping

from connector.drill.plan import Plan

INITS = ("video/init", "content/init")
AMBIGUOUS: tuple[tuple[str, float], ...] = (("lose", 0.05), ("gateway", 0.02), ("truncate", 0.02))
"""Mishaps after the effect of an init, by which nobody learns its publish id, and the chance of each."""

NAIVE_TIMES = 4
"""How many times as often they happen to a naive variant, which they are to show up."""

DIAL: Mapping[str, object] = {"mode": "seconds", "processing": 0.3, "moderation": 0.3, "pull_patience": 30.0}
WEBHOOKS_LOST = 0.1


def behaviour(plan: Plan) -> dict[str, object]:
    """Return how TikTok behaves: webhooks come twice, late, out of order, and one event in ten never."""
    return {
        "seed": plan.seed,
        "webhook_duplicates": 1,
        "webhook_shuffle_ms": 1_500,
        "webhook_retry_s": 0.5,
        "webhook_lost": WEBHOOKS_LOST,
    }


def rules(plan: Plan) -> list[dict[str, object]]:
    """Return the script of faults."""
    often = NAIVE_TIMES if plan.naive else 1
    ambiguous = [
        _rule(endpoint, what, chance * often, after_effect=True)
        for endpoint in INITS
        for what, chance in AMBIGUOUS
    ]
    inits = [
        rule
        for endpoint in INITS
        for rule in (
            _rule(endpoint, "refuse", 0.02, status=500),
            _rule(endpoint, "reset", 0.02),
            _rule(endpoint, "slow", 0.05, seconds=1.5, after_effect=True),
        )
    ]
    uploads = [
        _rule("upload", "cut", 0.1, after_bytes=30_000),
        _rule("upload", "refuse", 0.03, status=500),
        _rule("upload", "lose", 0.05, after_effect=True),
        _rule("upload", "slow", 0.05, seconds=1.0),
    ]
    reads = [
        _rule("status/fetch", "refuse", 0.05, status=500),
        _rule("status/fetch", "lose", 0.03),
        _rule("creator_info/query", "gateway", 0.03),
    ]
    return [*ambiguous, *inits, *uploads, *reads]


def _rule(endpoint: str, what: str, chance: float, **more: object) -> dict[str, object]:
    return {"endpoint": endpoint, "what": what, "chance": chance, "times": None, **more}
