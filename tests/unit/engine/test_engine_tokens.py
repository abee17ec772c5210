"""Renewals: stored before used, one at a time, a lost answer asked for once more, every end told."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from connector.domain.lifecycle import State
from connector.domain.renewal import LEASE_MS
from connector.engine.claim import InHand, work_on
from connector.engine.model import Account
from connector.engine.model_accounts import Pair
from connector.engine.ports import TikTokError
from connector.engine.reach import Reach
from connector.engine.renewing import RenewingTikTok
from connector.engine.tokens import STORE_TRIES, Renewals
from connector.kernel.errors import PostrailError
from connector.store.tables import events
from tests.fakes.scripted import CREATOR, Scene, ScriptedLogin, no_tokens, refusal, status, tokens
from tests.ledgers import new_grant, new_tokens

pytest_plugins = ("tests.engine_scene",)

DUE_IN = 64_800_000
TOKEN_REFUSED = refusal("access_token_invalid", name="creator_info/query")


def renewals(scene: Scene) -> Renewals:
    """Return the renewals of a scene."""
    return Renewals(scene.desk, scene.stage.ledger.now)


def pair(scene: Scene) -> Pair | None:
    """Return the tokens of the account `a`."""
    grant = scene.stage.grants.grant("grant-a")
    assert grant is not None
    return grant.pair


def account(scene: Scene) -> Account:
    """Return the account `a`."""
    found = scene.stage.access.account("a")
    assert found is not None
    return found


def kinds(scene: Scene) -> list[str]:
    """Return the events about accounts since they were connected."""
    query = select(events.c.kind).where(events.c.post_id.is_(None)).order_by(events.c.id)
    return scene.stage.database.read(lambda conn: list(conn.execute(query).scalars()))[2:]


def only_a(scene: Scene) -> Renewals:
    """Let the grant of `a` alone be due, and return the renewals."""
    scene.stage.grants.end("grant-b", "disconnected", "test")
    scene.stage.clock.advance(DUE_IN)
    return renewals(scene)


def test_nothing_is_renewed_before_its_time(scene: Scene) -> None:
    scene.stage.clock.advance(DUE_IN - 1)
    assert renewals(scene).due() == 0
    assert scene.login.sent == []
    assert renewals(scene).next_due() == scene.stage.clock.now() + 1


def test_what_is_due_is_renewed_with_the_old_refresh_token_and_due_again_later(scene: Scene) -> None:
    assert only_a(scene).due() == 1
    assert scene.login.sent == ["aw1 rft.token-a"]
    assert pair(scene) == Pair(access="act.fresh-1", refresh="rft.fresh-1")
    assert renewals(scene).next_due() == scene.stage.clock.now() + DUE_IN


def test_nobody_else_can_renew_while_one_does(scene: Scene) -> None:
    others: list[int] = []
    work = only_a(scene)
    scene.login.during = lambda: others.append(renewals(scene).due())
    work.due()
    assert others == [0]


def test_a_lost_answer_is_asked_for_once_more_with_the_old_token(scene: Scene) -> None:
    scene.login.answers = [no_tokens("tiktok_unreachable", "unknown"), tokens(2)]
    only_a(scene).due()
    assert scene.login.sent == ["aw1 rft.token-a"] * 2
    assert pair(scene) == Pair(access="act.fresh-2", refresh="rft.fresh-2")
    assert "account_needs_reconnect" not in kinds(scene)


def test_a_lost_answer_whose_replay_is_refused_ends_the_grant_and_tells(scene: Scene) -> None:
    scene.login.answers = [no_tokens("tiktok_unreachable", "unknown"), no_tokens("invalid_grant")]
    only_a(scene).due()
    assert (pair(scene), account(scene).access_token) == (None, "")
    assert kinds(scene)[-1] == "account_needs_reconnect"


@pytest.mark.parametrize("outcome", ["unknown", "unsent", "retry"])
def test_what_may_pass_ends_nothing_and_is_tried_again(scene: Scene, outcome: str) -> None:
    scene.login.answers = [no_tokens("tiktok_unreachable", outcome)]
    only_a(scene).due()
    assert pair(scene) == Pair(access="act.token-a", refresh="rft.token-a")
    assert renewals(scene).next_due() == scene.stage.clock.now() + 5_000
    assert len(scene.login.sent) == (2 if outcome == "unknown" else 1)


def test_a_wrong_secret_is_no_revocation(scene: Scene) -> None:
    scene.login.answers = [no_tokens("invalid_client")]
    only_a(scene).due()
    assert pair(scene) is not None
    assert "account_needs_reconnect" not in kinds(scene)


def test_a_refused_refresh_token_ends_the_grant_at_once(scene: Scene) -> None:
    scene.login.answers = [no_tokens("invalid_grant")]
    only_a(scene).due()
    assert len(scene.login.sent) == 1
    assert kinds(scene)[-1] == "account_needs_reconnect"


def test_an_access_token_about_to_end_is_warned_of_once(scene: Scene) -> None:
    scene.login.answers = [no_tokens("tiktok_unreachable", "unsent")]
    work = only_a(scene)
    scene.stage.clock.advance(5 * 3_600_000 + 1)
    for _ in range(3):
        work.due()
        scene.stage.clock.advance(600_000)
    assert kinds(scene).count("account_token_expiring") == 1


def test_a_refresh_token_about_to_end_is_warned_of(scene: Scene) -> None:
    scene.login.answers = [tokens(1, refresh_expires_in_s=13 * 86_400)]
    only_a(scene).due()
    query = select(events.c.payload).order_by(events.c.id.desc()).limit(1)
    payload = scene.stage.database.read(lambda conn: conn.execute(query).scalar_one())
    assert kinds(scene)[-1] == "account_token_expiring"
    assert json.loads(payload)["what"] == "refresh_token"


class Forgetful:
    """Grants that fail to store a pair `times` times."""

    def __init__(self, scene: Scene, times: int) -> None:
        self._inner, self._left = scene.stage.grants, times

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def store_pair(self, *given: object) -> object:
        """Fail, or store."""
        if self._left:
            self._left -= 1
            raise PostrailError("not_ready", "The database went away.")
        return self._inner.store_pair(*given)  # type: ignore[arg-type] # passed through


def test_a_pair_is_offered_to_a_ledger_that_stumbles(scene: Scene) -> None:
    only_a(scene)
    desk = replace(scene.desk, grants=Forgetful(scene, STORE_TRIES - 1))  # type: ignore[arg-type] # stands in
    Renewals(desk, scene.stage.ledger.now).due()
    assert pair(scene) == Pair(access="act.fresh-1", refresh="rft.fresh-1")


def test_a_pair_that_could_not_be_stored_is_asked_for_again_by_the_next_owner(scene: Scene) -> None:
    only_a(scene)
    desk = replace(scene.desk, grants=Forgetful(scene, STORE_TRIES))  # type: ignore[arg-type] # stands in
    with pytest.raises(PostrailError):
        Renewals(desk, scene.stage.ledger.now).due()
    assert renewals(scene).due() == 0
    scene.stage.clock.advance(LEASE_MS)
    assert renewals(scene).due() == 1
    assert scene.login.sent == ["aw1 rft.token-a"] * 2


def test_a_new_login_during_a_renewal_wins(scene: Scene) -> None:
    work = only_a(scene)

    def connect_anew() -> None:
        scene.stage.grants.connect(new_grant("a", tokens=new_tokens(7)))

    scene.login.during = connect_anew
    work.due()
    assert pair(scene) == new_tokens(7).pair


def renewing(scene: Scene) -> RenewingTikTok:
    """Return TikTok as the engine calls it."""
    return RenewingTikTok(scene.tiktok, renewals(scene), Reach(scene.stage.clock))


def test_a_refused_token_is_renewed_and_the_call_made_once_more(scene: Scene) -> None:
    scene.tiktok.creators = [TOKEN_REFUSED, CREATOR]
    assert renewing(scene).creator_info(account(scene)) == CREATOR
    assert len(scene.tiktok.calls) == 2
    assert account(scene).access_token == "act.fresh-1"


def test_a_token_that_is_refused_again_is_refused(scene: Scene) -> None:
    scene.tiktok.creators = [TOKEN_REFUSED]
    with pytest.raises(TikTokError, match="access_token_invalid"):
        renewing(scene).creator_info(account(scene))
    assert len(scene.tiktok.calls) == 2


def test_other_refusals_renew_nothing(scene: Scene) -> None:
    scene.tiktok.creators = [refusal("scope_not_authorized")]
    with pytest.raises(TikTokError):
        renewing(scene).creator_info(account(scene))
    assert scene.login.sent == []


def test_a_token_that_somebody_renewed_meanwhile_is_taken_as_it_is(scene: Scene) -> None:
    old = account(scene)
    scene.stage.grants.connect(new_grant("a", tokens=new_tokens(7)))
    scene.tiktok.creators = [TOKEN_REFUSED, CREATOR]
    renewing(scene).creator_info(old)
    assert scene.login.sent == []


def test_an_account_whose_tokens_cannot_be_renewed_keeps_the_refusal(scene: Scene) -> None:
    bare = new_tokens(3, pair=Pair(access="act.static"), renew_in_ms=None)
    scene.stage.grants.connect(new_grant("c", tokens=bare))
    found = scene.stage.access.account("c")
    assert found is not None
    scene.tiktok.creators = [TOKEN_REFUSED]
    with pytest.raises(TikTokError, match="access_token_invalid"):
        renewing(scene).creator_info(found)


@pytest.mark.parametrize(
    ("answer", "code", "outcome"),
    [
        (no_tokens("invalid_grant"), "account_needs_reconnect", "refused"),
        (no_tokens("tiktok_unreachable", "unsent"), "tiktok_refresh_failed", "unsent"),
    ],
)
def test_a_renewal_that_fails_says_whether_it_may_pass(
    scene: Scene, answer: TikTokError, code: str, outcome: str
) -> None:
    scene.login = ScriptedLogin(answers=[answer])
    scene.tiktok.creators = [TOKEN_REFUSED]
    with pytest.raises(TikTokError) as failed:
        renewing(scene).creator_info(account(scene))
    assert (failed.value.code, failed.value.outcome) == (code, outcome)


def test_a_call_while_another_process_renews_is_put_off(scene: Scene) -> None:
    scene.stage.grants.take("grant-a", "you", ttl_ms=LEASE_MS)
    scene.tiktok.creators = [TOKEN_REFUSED]
    with pytest.raises(TikTokError) as failed:
        renewing(scene).creator_info(account(scene))
    assert (failed.value.code, failed.value.outcome) == ("tiktok_refresh_failed", "unsent")


def test_a_post_of_an_account_that_must_reconnect_fails_and_says_so(scene: Scene) -> None:
    post = scene.accept_video()
    scene.stage.grants.end("grant-a", "reconnect", "invalid_grant")
    work_on(scene.context, scene.stage.claim(), InHand())
    failed = scene.now(post)
    assert (failed.state, failed.failure and failed.failure.code) == (State.FAILED, "account_needs_reconnect")


def test_a_post_that_is_at_tiktok_waits_for_the_account_and_then_goes_on(scene: Scene) -> None:
    scene.tiktok.statuses = [status("PROCESSING_UPLOAD")]
    post = scene.accept_video()
    scene.step()
    scene.stage.grants.end("grant-a", "reconnect", "invalid_grant")
    scene.stage.clock.advance(3_600_000)
    work_on(scene.context, scene.stage.claim(), InHand())
    assert scene.now(post).state is State.PROCESSING
    assert scene.stage.ledger.next_due() == scene.stage.clock.now() + 1_800_000
    scene.stage.grants.connect(new_grant("a"))
    assert scene.stage.ledger.next_due() == scene.stage.clock.now()
