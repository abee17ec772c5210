"""What a day needs, by unit costs made up for the test."""

import math
from dataclasses import replace

import pytest

from benchmarks.capacity.assumptions import FILE, read
from benchmarks.capacity.cost import UNITS, Cost, Costs, Measured
from benchmarks.capacity.day import simulate
from benchmarks.capacity.needs import needs, often, processes, serving, working
from benchmarks.capacity.walls import SQLITE, next_after, walls

GIVEN, _ = read(FILE.read_text())
DAY = simulate(400, GIVEN, seed=7)
COSTS = Costs(
    units={name: Cost(app_ms=2.0, db_ms=0.5, transactions=3.0) for name in UNITS},
    idle=Cost(app_ms=5.0, db_ms=1.0, transactions=10.0),
    ingest_ms_mb=1.0,
    verify_ms_mb=0.5,
    upload_ms_mb=0.5,
    clip_mb=1.0,
    post_bytes=10_000.0,
    wal_bytes=30_000.0,
    changes_post=5.0,
    account=Cost(app_ms=0.1),
    changes_s=200.0,
    writes_s=500.0,
    whole=Cost(app_ms=50.0),
    parts=Cost(app_ms=48.0),
    polls=2.0,
)
MEASURED = Measured(
    made="2026-11-20",
    machine="a machine.",
    sqlite=COSTS,
    postgresql=COSTS,
    serve_ms_mb=0.1,
    handoff_ms_mb=None,
    waiter_kib=32.0,
    process_mib=128.0,
    connections=12,
)


def test_costs_are_linear_in_what_one_of_something_costs() -> None:
    rates = often(DAY)
    double = replace(
        COSTS,
        units={name: cost * 2 for name, cost in COSTS.units.items()},
        account=COSTS.account * 2,
        ingest_ms_mb=2.0,
        verify_ms_mb=1.0,
        upload_ms_mb=1.0,
    )
    dear = replace(MEASURED, serve_ms_mb=0.2)
    assert math.isclose(working(double, rates).app_ms, 2 * working(COSTS, rates).app_ms)
    once = serving(MEASURED, COSTS, rates, GIVEN)
    assert math.isclose(serving(dear, double, rates, GIVEN).app_ms, 2 * once.app_ms)


def test_a_larger_workspace_makes_serving_dearer_and_working_not() -> None:
    rates = often(DAY, 1)
    crowded = replace(GIVEN, workspace_accounts=1_000)
    assert serving(MEASURED, COSTS, rates, crowded).app_ms > serving(MEASURED, COSTS, rates, GIVEN).app_ms


@pytest.mark.parametrize(("busy_ms", "count"), [(0.0, 1), (595.0, 1), (596.0, 2), (5_950.0, 10)])
def test_as_many_processes_are_needed_as_there_is_work_beside_what_each_spends_idle(
    busy_ms: float, count: int
) -> None:
    assert processes(busy_ms, 5.0, GIVEN) == count


def test_a_process_that_idles_away_all_that_it_may_use_is_refused() -> None:
    with pytest.raises(ValueError, match="busy already"):
        processes(1.0, 600.0, GIVEN)


def test_waiting_callers_alone_can_ask_for_more_servers() -> None:
    patient = replace(GIVEN, serve_threads=2)
    one = needs(DAY, MEASURED, COSTS, patient)
    assert one.serve == math.ceil(one.waiters)


def test_slow_lines_ask_for_more_worker_threads() -> None:
    slow = replace(GIVEN, transfer_mbit=1.0)
    assert needs(DAY, MEASURED, COSTS, slow).work > needs(DAY, MEASURED, COSTS, GIVEN).work


def test_media_are_kept_for_three_days_and_the_ledger_for_ever() -> None:
    one = needs(DAY, MEASURED, COSTS, GIVEN)
    assert math.isclose(one.media_gb, 3 * DAY.total("ingest_mb") / 1_000)
    assert math.isclose(one.ledger_gb_year, DAY.total("posts") * 10_000 * 365 / 1e9)


def test_as_many_apps_are_needed_as_tiktok_caps_the_accounts_of_one() -> None:
    one = needs(DAY, MEASURED, COSTS, replace(GIVEN, app_users_day=100))
    assert one.apps == math.ceil(DAY.active / 100)


def test_walls_come_in_order_and_the_next_one_lies_ahead() -> None:
    found = walls(DAY, MEASURED, GIVEN)
    assert [wall.accounts for wall in found] == sorted(wall.accounts for wall in found)
    ahead = next_after(1_000, found, SQLITE)
    assert ahead is not None
    assert ahead.accounts >= 1_000
    assert next_after(10**12, found, SQLITE) is None


def test_a_wall_stands_where_its_limit_is_used_up() -> None:
    wall = next(wall for wall in walls(DAY, MEASURED, GIVEN) if "an audited app posts" in wall.limit)
    assert wall.accounts == DAY.accounts * GIVEN.app_users_day // DAY.active


def test_a_higher_limit_moves_its_wall() -> None:
    def stands(limit: float) -> int:
        fast = replace(MEASURED, postgresql=replace(COSTS, changes_s=limit))
        return next(wall.accounts for wall in walls(DAY, fast, GIVEN) if "events are numbered" in wall.limit)

    assert stands(400.0) == pytest.approx(2 * stands(200.0), abs=1)
