"""What a drill does is drawn from its seed alone."""

from collections import Counter
from dataclasses import replace

import pytest

from connector.drill.faults import INITS, behaviour, rules
from connector.drill.plan import LASTS, LEASE_S, Attack, Plan, orders, schedule
from connector.sandbox.behaviour import Behaviour
from connector.sandbox.rules import Rule

PLAN = Plan(
    seed=7, posts=40, kills=6, restarts=2, freezes=3, stops=2, full_disks=2, clock_steps=1, seconds=30
)


def test_the_same_seed_gives_the_same_drill_and_another_one_another() -> None:
    assert (orders(PLAN), schedule(PLAN)) == (orders(PLAN), schedule(PLAN))
    other = replace(PLAN, seed=8)
    assert schedule(other) != schedule(PLAN)
    assert orders(other) != orders(PLAN)


def test_half_of_the_posts_are_videos_and_every_title_and_key_is_one_of_its_own() -> None:
    sent = orders(PLAN)
    assert Counter(order.kind for order in sent) == {"video": 20, "photo": 20}
    assert len({order.title for order in sent}) == len({order.key for order in sent}) == 40
    assert {order.pulled for order in sent if order.kind == "video"} == {True, False}
    assert all(order.pulled for order in sent if order.kind == "photo")


def test_posts_are_sent_all_along_and_to_every_account() -> None:
    sent = orders(PLAN)
    times = [order.at_s for order in sent]
    assert times == sorted(times)
    assert 0 <= times[0] < 1
    assert 25 < times[-1] < PLAN.seconds
    assert {order.account for order in sent} == set(range(PLAN.accounts))


def test_the_schedule_has_every_attack_in_time() -> None:
    attacks = schedule(PLAN)
    assert Counter(attack.blow for attack in attacks) == {
        "kill": 6,
        "restart": 2,
        "freeze": 3,
        "stop_database": 2,
        "full_disk": 2,
        "clock": 1,
    }
    assert [attack.at_s for attack in attacks] == sorted(attack.at_s for attack in attacks)
    assert all(0 < attack.at_s < PLAN.seconds * 1.1 for attack in attacks)


def test_the_faults_of_a_broker_come_in_turn_and_change_no_plan_without_them() -> None:
    alone = Plan(seed=7, kills=0, restarts=0, freezes=0, full_disks=0, broker_faults=7)
    found = Counter(attack.blow for attack in schedule(alone))
    assert found == {"wipe_broker": 3, "delete_queues": 2, "purge_queues": 2}
    assert schedule(replace(PLAN, broker_faults=0)) == schedule(PLAN)


@pytest.mark.parametrize(
    "attack", schedule(replace(PLAN, freezes=20, broker_faults=9)), ids=lambda attack: attack.blow
)
def test_an_attack_lasts_as_long_as_its_kind_may(attack: Attack) -> None:
    shortest, longest = LASTS[attack.blow]
    assert shortest <= attack.lasts_s <= longest


def test_a_freeze_outlasts_the_lease() -> None:
    assert LASTS["freeze"][0] > LEASE_S


def test_the_sandbox_takes_the_script_and_the_behaviour() -> None:
    assert [Rule.model_validate(rule) for rule in rules(PLAN)]
    assert Behaviour.model_validate(behaviour(PLAN)).seed == PLAN.seed


def test_a_naive_engine_meets_more_ambiguous_inits() -> None:
    def chance(plan: Plan) -> float:
        found = [rule for rule in rules(plan) if rule["endpoint"] in INITS and rule.get("after_effect")]
        return sum(float(str(rule["chance"])) for rule in found if rule["what"] != "slow")

    assert chance(replace(PLAN, naive="no-gate-retry")) > 3 * chance(PLAN) > 0
