"""`postrail drill`: posts are sent, processes attacked, and at the end the truth is counted."""

import platform
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from connector.domain.lifecycle import TABLE, AttemptState, State
from connector.domain.retry import MAX_ATTEMPTS
from connector.drill.attacker import Attacker
from connector.drill.caller import Line, NoAnswer
from connector.drill.clients import Clients, Place, meant
from connector.drill.field import DrillFailed, Field, Ground, lay, start_all, stop_all
from connector.drill.findings import Findings, Story
from connector.drill.judge import Record, Sent, Shown, Told, Violation, judge
from connector.drill.plan import Plan, orders, schedule
from connector.drill.timeline import merged
from connector.kernel.clock import Clock, SystemClock
from connector.kernel.ids import SystemIds

LOOK_EVERY_S = 0.5
ASK_S = 10.0
STORIES = 20
"""How many broken posts are told in full."""

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class _Drill:
    plan: Plan
    field: Field
    place: Place
    clock: Clock
    line: Line
    progress: Progress


def hold_drill(plan: Plan, ground: Ground, *, progress: Progress, clock: Clock | None = None) -> Findings:
    """Hold a drill and return what it found; takes `plan.seconds` and up to `plan.settle_s` more.

    Raises DrillFailed where it cannot be held.
    """
    clock = clock or SystemClock()
    with ExitStack() as stack:
        progress("laying the field: a sandbox, a media host, a ledger")
        field = lay(plan, ground, clock, SystemIds(clock), stack)
        stack.callback(stop_all, field.nodes)
        start_all(field.nodes, clock)
        place = Place(urls=field.urls, key=field.key, accounts=field.accounts, media=field.media)
        return _fight(
            _Drill(plan=plan, field=field, place=place, clock=clock, line=Line(), progress=progress)
        )


def _fight(drill: _Drill) -> Findings:
    plan, field, clock = drill.plan, drill.field, drill.clock
    began, ended = clock.ticks(), threading.Event()
    attacker = Attacker(field.nodes, field.database, field.witness, clock, field.broker)
    attacker.start(schedule(plan), began)
    try:
        sent = _send(drill, began, ended, attacker)
        states = _settled(drill, sent, attacker, began + plan.seconds + plan.settle_s)
    finally:
        ended.set()
        attacker.end()
    if attacker.error is not None:
        raise DrillFailed(f"the attacks ended: {attacker.error}")
    return _findings(drill, sent, states, attacker, clock.ticks() - began)


def _send(drill: _Drill, began: float, ended: threading.Event, attacker: Attacker) -> list[Sent]:
    """Send every post, telling now and then how it goes; who waits in vain gives up at the end of time."""
    plan = drill.plan
    clients = Clients(drill.place, Line(), drill.clock, began=began, ended=ended)
    sent: list[Sent] = []
    sending = threading.Thread(
        target=lambda: sent.extend(clients.send_all(orders(plan), plan.clients)), name="tools"
    )
    sending.start()
    while sending.is_alive():
        sending.join(LOOK_EVERY_S)
        passed = drill.clock.ticks() - began
        drill.progress(f"{passed:.0f} s: sending; {_told(attacker)}")
        if passed > plan.seconds + plan.settle_s:
            ended.set()
    return sent


def _told(attacker: Attacker) -> str:
    blows = ", ".join(f"{blow.replace('_', ' ')} {count}" for blow, count in sorted(attacker.done.items()))
    return blows or "no attack yet"


def _settled(drill: _Drill, sent: Sequence[Sent], attacker: Attacker, until: float) -> dict[str, str]:
    """Wait until every post has settled, the attacks are over and TikTok is quiet; return all states."""
    states: dict[str, str] = {}
    wanted = sorted({post_id for one in sent for post_id in one.post_ids})
    while True:
        for post_id in wanted:
            if not _is_settled(states.get(post_id)):
                _look(drill, post_id, states)
        pending = sum(not _is_settled(states.get(post_id)) for post_id in wanted)
        done = not pending and attacker.over.is_set() and drill.field.witness.is_quiet()
        if done or drill.clock.ticks() > until:
            break
        drill.progress(f"{pending} of {len(wanted)} posts not settled; {_told(attacker)}")
        threading.Event().wait(LOOK_EVERY_S)
    for post_id in wanted:
        _look(drill, post_id, states)
    return states


def _is_settled(state: str | None) -> bool:
    return state is not None and (TABLE[State(state)].settled or state == State.HELD)


def _look(drill: _Drill, post_id: str, states: dict[str, str]) -> None:
    """Note how a post stands; one that the ledger does not know has no state."""
    body = _ask(drill, post_id)
    if body is None:
        return
    states.pop(post_id, None)
    if "status" in body:
        states[post_id] = str(body["status"])


def _ask(drill: _Drill, post_id: str) -> dict[str, Any] | None:
    """Ask one server after the other; None where none answers now."""
    headers = {"Authorization": f"Bearer {drill.field.key}"}
    rows = {"post_id": post_id, "include_timeline": "true"}
    for url in drill.field.urls:
        try:
            answer = drill.line.call(
                "POST", f"{url}/v1/operations/check_status", body=rows, headers=headers, timeout_s=ASK_S
            )
        except NoAnswer:
            continue
        if answer.status in {200, 404}:
            return answer.body
    return None


def _findings(
    drill: _Drill, sent: Sequence[Sent], states: Mapping[str, str], attacker: Attacker, seconds: float
) -> Findings:
    witness = drill.field.witness
    posts, publishes = witness.posts(), witness.publishes()
    ledger = drill.field.read_ledger("ledger")
    record = Record(
        shown=[_shown(post) for post in posts],
        meant=[meant(order, drill.place) for order in orders(drill.plan)],
        states=states,
        events=[Told(**event) for event in ledger["events"]],
        spent=_spent(ledger["attempts"]),
    )
    violations = judge(sent, record)
    return Findings(
        plan=drill.plan,
        violations=violations,
        counts={
            **_counts(sent, posts, publishes, ledger["attempts"]),
            "failed_with_every_attempt_spent": sum(
                state == State.FAILED and record.spent.get(post_id, 0) >= MAX_ATTEMPTS
                for post_id, state in states.items()
            ),
            "webhooks_taken": sum(one["state"] == "delivered" for one in witness.webhooks()),
            "processes_that_ended_by_themselves": sum(node.died for node in drill.field.nodes),
        },
        blows=dict(sorted(attacker.done.items())),
        seconds=seconds,
        versions={"postrail": version("postrail"), "python": platform.python_version()},
        stories=_stories(drill, violations, publishes),
    )


def _spent(attempts: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """Count the attempts of each post that TikTok may have seen."""
    seen = (one for one in attempts if one["is_known"] or one["state"] == AttemptState.VOID)
    return Counter(str(one["post_id"]) for one in seen)


def _shown(post: Mapping[str, Any]) -> Shown:
    files = tuple(str(file["sha256"]) for file in post["media"])
    return Shown(title=str(post["title"]), account=str(post["username"]), files=files)


def _counts(
    sent: Sequence[Sent],
    posts: Sequence[Mapping[str, Any]],
    publishes: Sequence[Mapping[str, Any]],
    attempts: Sequence[Mapping[str, Any]],
) -> dict[str, int]:
    """Count what was seen; an ambiguous init is an attempt that had no answer."""
    states = Counter(str(attempt["state"]) for attempt in attempts)
    void = [attempt for attempt in attempts if attempt["state"] == "void"]
    return {
        "sent": len(sent),
        "accepted": sum(bool(one.post_ids) for one in sent),
        "calls_of_the_tools": sum(one.calls for one in sent),
        "replays": sum(one.replays for one in sent),
        "on_tiktok": len(posts),
        "publish_tasks_at_tiktok": len(publishes),
        "publish_tasks_without_a_post": sum(not task["post_ids"] for task in publishes),
        "attempts": len(attempts),
        "ambiguous_inits": len(void),
        "ambiguous_inits_heard_of_later": sum(bool(attempt["is_known"]) for attempt in void),
        "attempts_rejected": states["rejected"],
    }


def _stories(
    drill: _Drill, violations: Sequence[Violation], publishes: Sequence[Mapping[str, Any]]
) -> list[Story]:
    """Tell of the posts for which a promise was broken, from both sides."""
    if not violations:
        return []
    log = drill.field.witness.log()
    told = {violation.title: violation.post_id for violation in violations}
    stories = []
    for title, post_id in list(told.items())[:STORIES]:
        journal = (_ask(drill, post_id) or {}).get("timeline") or [] if post_id else []
        mine = [task for task in publishes if task["post_info"].get("title") == title]
        stories.append(Story(title=title, lines=merged(journal, mine, log)))
    return stories
