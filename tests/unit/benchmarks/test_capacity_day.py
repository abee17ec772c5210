"""A simulated day: what is drawn, and how it is counted."""

import math
from dataclasses import replace

from benchmarks.capacity.assumptions import FILE, read
from benchmarks.capacity.day import DAY_S, MINUTES, Task, busiest, paced, polls_of, simulate
from connector.engine.budget import BUDGETS, INIT

GIVEN, _ = read(FILE.read_text())
SMALL = simulate(400, GIVEN, seed=7)


def test_the_same_seed_gives_the_same_day_and_another_seed_another() -> None:
    assert simulate(400, GIVEN, seed=7) == SMALL
    assert simulate(400, GIVEN, seed=8) != SMALL


def test_every_post_is_published_or_refused() -> None:
    assert SMALL.published + SMALL.refused == SMALL.total("posts")
    assert SMALL.total("posts") > 0


def test_every_post_that_is_published_is_asked_about_and_sent_at_least_once() -> None:
    assert SMALL.total("sends") >= SMALL.published
    assert SMALL.total("polls") >= SMALL.published
    assert SMALL.total("looks") == SMALL.total("polls")


def test_what_is_sent_goes_up_or_is_pulled_as_often_as_it_is_tried() -> None:
    without_retries = simulate(400, replace(GIVEN, retry_share=0.0), seed=7)
    moved = without_retries.total("upload_mb") + without_retries.total("pull_mb")
    assert math.isclose(moved, without_retries.total("ingest_mb"))
    twice = simulate(400, replace(GIVEN, retry_share=1.0), seed=7)
    assert math.isclose(twice.total("upload_mb") + twice.total("pull_mb"), 2 * twice.total("ingest_mb"))


def test_a_creator_gets_no_more_posts_a_day_than_tiktok_takes() -> None:
    busy = replace(GIVEN, light_posts_day=60.0, creator_posts_day=15)
    day = simulate(20, busy, seed=1)
    assert day.published <= 20 * 15
    assert day.refused > 0


def test_no_account_ever_makes_more_inits_in_a_minute_than_tiktok_takes() -> None:
    rush = replace(GIVEN, light_posts_day=30.0, full_hour_share=1.0, creator_posts_day=100)
    day = simulate(20, rush, seed=3)
    assert day.slot_waits > 0
    assert day.busiest_inits <= INIT.limit


def test_accounts_that_post_nothing_have_their_tokens_renewed_all_the_same() -> None:
    silent = replace(GIVEN, heavy_posts_day=0.0, light_posts_day=0.0)
    day = simulate(300, silent, seed=1)
    assert day.total("posts") == day.active == 0
    assert 300 <= day.total("refreshes") <= 600


def test_calls_within_the_burst_go_at_once_and_the_next_ones_a_gap_apart() -> None:
    assert paced([0.0, 0.0, 0.0, 0.0], INIT) == [0.0, 0.0, 20.0, 40.0]
    assert paced([0.0, 100.0], BUDGETS["status"]) == [0.0, 100.0]


def test_a_post_of_which_all_is_told_is_asked_about_at_once_on_the_way_and_when_it_is_complete() -> None:
    task = Task(complete_s=5.0, public_s=7.0, hears_complete=True, hears_public=True)
    assert polls_of(task) == ([0.0, 3.0, 5.0], 7.0)


def test_a_post_of_which_nothing_is_told_is_asked_about_until_an_answer_says_that_it_is_public() -> None:
    task = Task(complete_s=5.0, public_s=7.0, hears_complete=False, hears_public=False)
    asked, end = polls_of(task)
    assert asked == [0.0, 3.0, 6.0, 9.0]
    assert end == 9.0


def test_the_busiest_minutes_may_lie_across_midnight() -> None:
    series = [0.0] * MINUTES
    series[0] = series[-1] = 10.0
    assert busiest(series, 2) == 10.0
    assert busiest(series, 1) == 10.0


def test_the_mean_is_what_there_is_in_a_second() -> None:
    assert math.isclose(SMALL.mean("posts") * DAY_S, SMALL.total("posts"))
