"""The tools of a drill insist on an answer under the same key, and tell a refusal from a lost reply."""

import threading
from collections.abc import Mapping
from dataclasses import replace

import pytest

from connector.drill.caller import Answer, Line, NoAnswer
from connector.drill.clients import Clients, Place, meant, rows_of
from connector.drill.judge import Sent
from connector.drill.media import Media
from connector.drill.plan import Order, Plan, orders

HASHES = {"clip.mp4": "c", "long.mp4": "l", "huge.mp4": "h", "one.jpg": "1", "two.webp": "2"}
MEDIA = Media(url="http://m", hashes=HASHES)
PLACE = Place(urls=("http://a", "http://b"), key="k", accounts=("one", "two"), media=MEDIA)
ORDER = replace(orders(Plan(seed=1, posts=1))[0], at_s=0.0, twin=False, impatient=False)
ACCEPTED = Answer(status=202, body={"post_id": "post_1"})


class ScriptedLine(Line):
    """Gives the answers of a script, None being a lost reply, and notes each call's server and key."""

    def __init__(self, *script: Answer | None) -> None:
        super().__init__()
        self._script = list(script)
        self.calls: list[tuple[str, str]] = []

    def call(
        self,
        method: str,  # noqa: ARG002 - the line's own
        url: str,
        *,
        body: object = None,  # noqa: ARG002 - the same
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 1.0,  # noqa: ARG002 - the same
    ) -> Answer:
        """Give the next answer."""
        self.calls.append((url.partition("/v1")[0], (headers or {})["Idempotency-Key"]))
        answer = self._script.pop(0)
        if answer is None:
            raise NoAnswer("lost")
        return answer


class StandingClock:
    """A clock that stands still."""

    def now(self) -> int:
        """Return the time."""
        return 0

    def ticks(self) -> float:
        """Return it in seconds."""
        return 0.0


def send(line: ScriptedLine, order: Order = ORDER) -> Sent:
    return tools(line, threading.Event()).send(order)


def tools(line: ScriptedLine, ended: threading.Event) -> Clients:
    return Clients(PLACE, line, StandingClock(), began=0.0, ended=ended, pause_s=0.0)


def test_a_lost_reply_is_asked_for_again_under_the_same_key_at_the_next_server() -> None:
    line = ScriptedLine(None, Answer(status=503, body={}), ACCEPTED)
    sent = send(line)
    assert (sent.post_ids, sent.refusal, sent.calls) == (frozenset({"post_1"}), None, 3)
    assert {key for _, key in line.calls} == {ORDER.key}
    assert {server for server, _ in line.calls} == {"http://a", "http://b"}


def test_a_refusal_is_not_sent_again() -> None:
    sent = send(ScriptedLine(Answer(status=400, body={"error": "invalid_request", "message": "No."})))
    assert sent.post_ids == frozenset()
    assert sent.refusal == "HTTP 400 invalid_request: No."


def test_a_twin_is_sent_once_more_and_both_answers_are_kept() -> None:
    again = Answer(status=202, body={"post_id": "post_2"}, replayed=True)
    sent = send(ScriptedLine(ACCEPTED, again), replace(ORDER, twin=True))
    assert (sent.post_ids, sent.calls, sent.replays) == (frozenset({"post_1", "post_2"}), 2, 1)


def test_a_twin_of_what_was_refused_is_not_sent() -> None:
    assert send(ScriptedLine(Answer(status=422, body={})), replace(ORDER, twin=True)).calls == 1


def test_nothing_is_sent_once_the_drill_has_ended() -> None:
    ended = threading.Event()
    ended.set()
    line = ScriptedLine()
    assert tools(line, ended).send(ORDER) == Sent(order=ORDER)


@pytest.mark.parametrize("order", orders(Plan(seed=3, posts=12)), ids=lambda order: order.title)
def test_rows_are_text_and_name_the_account_and_the_title(order: Order) -> None:
    rows = rows_of(order, PLACE)
    assert rows["account"] in PLACE.accounts
    assert (rows["title"], rows["privacy"]) == (order.title, "public")
    assert ("photo_images" in rows) is (order.kind == "photo")
    assert rows.get("transfer", "pull") == ("pull" if order.pulled else "upload")


@pytest.mark.parametrize("order", orders(Plan(seed=3, posts=25)), ids=lambda order: order.title)
def test_what_tiktok_should_show_is_what_the_rows_ask_for(order: Order) -> None:
    rows, shown = rows_of(order, PLACE), meant(order, PLACE)
    named = [url.rpartition("/")[2] for url in rows.get("photo_images", rows.get("source_url", "")).split()]
    assert shown.files == tuple(HASHES[name] for name in named)
    assert (shown.title, shown.account) == (rows["title"], rows["account"])
