"""Permissions, audits and renewals: pure tables."""

import pytest

from connector.domain.audit import UNAUDITED, Audit, narrowed
from connector.domain.renewal import LEASE_MS, again_in_ms, renew_in_ms
from connector.domain.scopes import PUBLISH, UPLOAD, abilities

DAY_S = 86_400


def test_each_permission_opens_its_own_operations() -> None:
    works = {(one.operation, one.post_mode) for one in abilities({UPLOAD}, {UPLOAD, PUBLISH}) if one.works}
    assert works == {("post_video", "inbox"), ("post_photos", "inbox")}


def test_what_the_creator_left_off_is_told_from_what_the_app_never_asked_for() -> None:
    told = {one.needs: one.why for one in abilities(set(), {PUBLISH})}
    assert "left video.publish off" in (told[PUBLISH] or "")
    assert "does not ask for video.upload" in (told[UPLOAD] or "")
    assert all(one.why is None for one in abilities({PUBLISH, UPLOAD}, set()))


@pytest.mark.parametrize("audit", ["unknown", "audited"])
def test_only_an_app_without_its_audit_is_narrowed(audit: Audit) -> None:
    assert narrowed({"privacy": "PUBLIC_TO_EVERYONE", "brand_content_toggle": True}, audit) == []


def test_an_app_without_its_audit_posts_for_nobody_else_and_nothing_branded() -> None:
    assert narrowed({"privacy": "SELF_ONLY"}, "unaudited") == []
    found = narrowed({"privacy": "PUBLIC_TO_EVERYONE", "brand_content_toggle": True}, "unaudited")
    assert [(problem.field, problem.code) for problem in found] == [
        ("privacy", UNAUDITED),
        ("brand_content_toggle", UNAUDITED),
    ]


def test_a_token_is_renewed_while_a_quarter_of_its_life_is_left_and_only_if_it_can_be() -> None:
    assert renew_in_ms(DAY_S, renewable=True) == 18 * 3_600_000
    assert renew_in_ms(DAY_S, renewable=False) is None
    assert renew_in_ms(DAY_S, renewable=True, renew_after=0) == 0


def test_the_next_try_comes_later_and_later_and_never_too_late() -> None:
    waits = [again_in_ms(tries) for tries in range(1, 9)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (5_000, 600_000)
    assert waits[-1] < 6 * 3_600_000
    assert LEASE_MS > 60_000
