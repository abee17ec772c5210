"""What holds for every simulated day, whatever is assumed and drawn."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.capacity.assumptions import FILE, read
from benchmarks.capacity.day import Task, paced, polls_of, simulate
from connector.engine.budget import Budget

ASSUMED, _ = read(FILE.read_text())
share = st.floats(0.0, 1.0)
worlds = st.builds(
    lambda light, full, photos, pulls, retries, losses, waits, slow: replace(
        ASSUMED,
        light_posts_day=light,
        full_hour_share=full,
        photo_share=photos,
        pull_share=pulls,
        retry_share=retries,
        webhook_loss=losses,
        wait_share=waits,
        slow_share=slow,
    ),
    st.floats(0.0, 6.0),
    share,
    share,
    share,
    share,
    share,
    share,
    share,
)
seeds = st.integers(0, 2**32)


@given(worlds, seeds, st.integers(0, 25))
@settings(max_examples=60, deadline=None)
def test_no_post_is_lost_and_no_peak_lies_below_its_mean(world: object, seed: int, accounts: int) -> None:
    assert isinstance(world, type(ASSUMED))
    day = simulate(accounts, world, seed)
    assert day.published + day.refused == day.total("posts")
    assert 0 <= day.active <= accounts
    for kind in day.load:
        assert day.peak(kind, 1) >= day.peak(kind, 5) - 1e-9
        assert day.peak(kind, 5) >= day.mean(kind) - 1e-9


@given(worlds, seeds, st.integers(0, 15), st.integers(0, 15))
@settings(max_examples=40, deadline=None)
def test_more_accounts_never_bring_less_of_anything(world: object, seed: int, few: int, more: int) -> None:
    assert isinstance(world, type(ASSUMED))
    less, greater = simulate(few, world, seed), simulate(few + more, world, seed)
    for kind in less.load:
        assert greater.total(kind) >= less.total(kind) - 1e-6
        assert greater.peak(kind) >= less.peak(kind) - 1e-6
    assert greater.active >= less.active


@given(st.floats(0.1, 5_000.0), st.floats(0.1, 20_000.0), st.booleans(), st.booleans())
def test_a_post_is_asked_about_in_order_until_its_end_is_known(
    complete: float, moderation: float, hears_complete: bool, hears_public: bool
) -> None:
    task = Task(
        complete_s=complete,
        public_s=complete + moderation,
        hears_complete=hears_complete,
        hears_public=hears_public,
    )
    asked, end = polls_of(task)
    assert asked == sorted(set(asked))
    assert asked[0] == 0.0
    assert end >= task.public_s
    assert end == task.public_s if hears_public else end == asked[-1]


@given(
    st.lists(st.floats(0.0, 600.0), max_size=60).map(sorted),
    st.integers(1, 8),
    st.integers(1_000, 30_000),
)
def test_a_budget_lets_no_more_than_its_burst_and_one_each_gap_through(
    arrivals: list[float], burst: int, gap_ms: int
) -> None:
    given_at = paced(arrivals, Budget(limit=0, burst=burst, gap_ms=gap_ms))
    assert all(at >= wanted for at, wanted in zip(given_at, arrivals, strict=True))
    for first in range(len(given_at)):
        for last in range(first, len(given_at)):
            width = given_at[last] - given_at[first]
            assert last - first + 1 <= burst + width / (gap_ms / 1000) + 1e-6
