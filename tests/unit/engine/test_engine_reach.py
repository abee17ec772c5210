"""A process that does not reach TikTok leaves what is due to those that do."""

from contextlib import suppress
from typing import Literal

import pytest

from connector.engine.due import DuePosts
from connector.engine.model import Account
from connector.engine.ports import Call, CreatorInfo, TikTokError
from connector.engine.reach import LASTS_S, YIELDS_MS, Reach
from connector.engine.renewing import RenewingTikTok
from connector.engine.tokens import Renewals
from tests.fakes.scripted import CREATOR, Scene, refusal

pytest_plugins = ("tests.engine_scene",)


@pytest.fixture
def reach(scene: Scene) -> Reach:
    """Give one to which nothing has happened."""
    return Reach(scene.stage.clock)


def failure(outcome: Literal["unsent", "unknown"]) -> TikTokError:
    """Return a call that nobody has answered."""
    return TikTokError(outcome, Call(name="creator_info/query"), "tiktok_unreachable", "nobody there")


def ask(scene: Scene, reach: Reach, answer: CreatorInfo | TikTokError) -> None:
    """Call TikTok, which answers so."""
    scene.tiktok.creators = [answer]
    found = scene.stage.access.account("a")
    assert isinstance(found, Account)
    tiktok = RenewingTikTok(scene.tiktok, Renewals(scene.context.desk, scene.stage.ledger.now), reach)
    with suppress(TikTokError):
        tiktok.creator_info(found)


def test_a_post_is_taken_as_soon_as_it_is_due_by_who_knows_nothing(reach: Reach) -> None:
    assert reach.late_ms() == 0


def test_a_call_that_did_not_leave_makes_it_wait_for_others(scene: Scene, reach: Reach) -> None:
    ask(scene, reach, failure("unsent"))
    assert reach.late_ms() == YIELDS_MS


@pytest.mark.parametrize("answer", [CREATOR, refusal("rate_limit_exceeded")])
def test_any_answer_ends_that(scene: Scene, reach: Reach, answer: CreatorInfo | TikTokError) -> None:
    reach.lost()
    ask(scene, reach, answer)
    assert reach.late_ms() == 0


@pytest.mark.parametrize("late", [0, YIELDS_MS])
def test_a_call_that_is_lost_on_its_way_says_neither(scene: Scene, reach: Reach, late: int) -> None:
    if late:
        reach.lost()
    ask(scene, reach, failure("unknown"))
    assert reach.late_ms() == late


def test_after_a_minute_it_is_tried_again_as_by_everybody(scene: Scene, reach: Reach) -> None:
    reach.lost()
    scene.stage.clock.advance(round(LASTS_S * 1000) - 1)
    assert reach.late_ms() == YIELDS_MS
    scene.stage.clock.advance(1)
    assert reach.late_ms() == 0


def test_what_nobody_else_has_taken_is_taken_late(scene: Scene, reach: Reach) -> None:
    due = DuePosts(scene.stage.ledger, "me", lease_s=1.0, late_ms=reach.late_ms)
    scene.accept_video()
    reach.lost()
    assert due.claim() == []
    assert due.due_in_s() == YIELDS_MS / 1000
    scene.stage.clock.advance(YIELDS_MS)
    assert len(due.claim()) == 1
