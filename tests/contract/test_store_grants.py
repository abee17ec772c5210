"""The grant port on each database: one owner renews, tokens are never lost, every end has its event."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select

from connector.domain.lifecycle import State
from connector.engine.model import Change
from connector.engine.model_accounts import GrantClaim, Pair
from connector.engine.ports import LeaseLost
from connector.store.tables import apps, events, grants
from tests.ledgers import Stage, new_app, new_grant, new_tokens

pytest_plugins = ("tests.databases", "tests.ledgers")

DUE_IN = 64_800_000
TTL = 1_000


def told(stage: Stage) -> list[tuple[str, str | None, dict[str, object]]]:
    """Return kind, account and payload of every event since the two accounts were connected."""
    query = select(events.c.kind, events.c.account_id, events.c.payload).order_by(events.c.id)
    rows = stage.database.read(lambda conn: conn.execute(query).all())
    return [(row.kind, row.account_id, json.loads(row.payload)) for row in rows][2:]


def taken(stage: Stage, grant_id: str = "grant-a", owner: str = "me") -> GrantClaim:
    """Take a grant that is free."""
    claim = stage.grants.take(grant_id, owner, ttl_ms=TTL)
    assert claim is not None
    return claim


def test_a_consent_makes_an_account_and_tells_of_it(stage: Stage) -> None:
    grant = stage.grants.connect(new_grant("c", display_name="Cleo", union_id="u-c"))
    assert (grant.account_id, grant.state, grant.pair) == (
        "c",
        "live",
        Pair(access="act.token-c", refresh="rft.token-c"),
    )
    assert grant.expires_at == stage.clock.now() + 86_400_000
    assert grant.next_at == stage.clock.now() + DUE_IN
    account = stage.access.account("c")
    assert account is not None
    assert (account.username, account.display_name) == ("user_c", "Cleo")
    scopes = ["user.info.basic", "video.publish", "video.upload"]
    assert told(stage) == [("account_connected", "c", {"app_id": "app", "scopes": scopes})]


def test_the_same_consent_again_renews_the_grant_and_adds_nothing(stage: Stage) -> None:
    again = new_grant("a", id="other", account_id="other", username="renamed", tokens=new_tokens(9))
    grant = stage.grants.connect(replace(again, open_id="open-a"))
    assert (grant.id, grant.account_id) == ("grant-a", "a")
    account = stage.access.account("a")
    assert account is not None
    assert (account.username, account.access_token) == ("renamed", "act.token-9")
    assert len(stage.access.accounts("w")) == 2


def test_a_second_app_finds_the_account_by_the_id_that_all_apps_share(stage: Stage) -> None:
    stage.apps.keep(new_app(id="app-2", client_key="aw2"))
    stage.grants.connect(new_grant("c", union_id="u-c"))
    second = new_grant("d", app_id="app-2", union_id="u-c", open_id="open-for-app-2", tokens=new_tokens(2))
    assert stage.grants.connect(second).account_id == "c"
    assert {grant.app_id for grant in stage.grants.grants("w") if grant.account_id == "c"} == {"app", "app-2"}


def test_two_consents_of_one_creator_at_the_same_instant_make_one_account(stage: Stage) -> None:
    twins = [new_grant("c", id=f"grant-{n}", account_id=f"acct-{n}", open_id="open-c") for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(stage.grants.connect, twins))
    assert len({grant.account_id for grant in made}) == 1
    assert len(stage.access.accounts("w")) == 3


def test_no_row_holds_a_token_or_a_client_secret_in_the_clear(stage: Stage) -> None:
    boxes = stage.database.read(lambda conn: list(conn.execute(select(grants.c.pair)).scalars()))
    boxes += stage.database.read(lambda conn: list(conn.execute(select(apps.c.client_secret)).scalars()))
    assert len(boxes) == 3
    assert not [box for box in boxes if b"token" in bytes(box) or b"app-secret" in bytes(box)]


def test_a_grant_is_due_when_its_time_has_come_and_not_before(stage: Stage) -> None:
    stage.clock.advance(DUE_IN - 1)
    assert stage.grants.claim_due("me", limit=9, ttl_ms=TTL) == []
    assert stage.grants.next_due() == stage.clock.now() + 1
    stage.clock.advance(1)
    claims = stage.grants.claim_due("me", limit=9, ttl_ms=TTL)
    assert {claim.grant.id for claim in claims} == {"grant-a", "grant-b"}
    assert not any(claim.in_doubt for claim in claims)
    assert stage.grants.claim_due("you", limit=9, ttl_ms=TTL) == []


def test_many_claimants_never_share_a_grant(stage: Stage) -> None:
    stage.clock.advance(DUE_IN)
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda n: stage.grants.claim_due(f"w{n}", limit=1, ttl_ms=TTL), range(8))
    ids = [claim.grant.id for claims in found for claim in claims]
    assert sorted(ids) == sorted(set(ids))


def test_a_grant_in_hand_can_be_taken_by_nobody_else(stage: Stage) -> None:
    taken(stage)
    assert stage.grants.take("grant-a", "you", ttl_ms=TTL) is None
    assert stage.grants.take("grant-b", "you", ttl_ms=TTL) is not None


def test_a_lease_that_ran_out_is_taken_over_in_doubt_and_its_old_holder_can_write_nothing(
    stage: Stage,
) -> None:
    old = taken(stage)
    stage.clock.advance(TTL)
    new = taken(stage, owner="you")
    assert (old.in_doubt, new.in_doubt) == (False, True)
    for write in (
        lambda: stage.grants.store_pair(old.lease, new_tokens(7)),
        lambda: stage.grants.extend(old.lease, ttl_ms=TTL),
        lambda: stage.grants.give_back(old.lease, next_in_ms=1, tries=1),
        lambda: stage.grants.end("grant-a", "reconnect", "invalid_grant", lease=old.lease),
    ):
        with pytest.raises(LeaseLost):
            write()
    grant = stage.grants.store_pair(new.lease, new_tokens(8))
    assert grant.pair == Pair(access="act.token-8", refresh="rft.token-8")


def test_a_longer_lease_is_not_taken_over(stage: Stage) -> None:
    claim = taken(stage)
    stage.grants.extend(claim.lease, ttl_ms=5 * TTL)
    stage.clock.advance(2 * TTL)
    assert stage.grants.take("grant-a", "you", ttl_ms=TTL) is None


def test_leases_of_the_dead_are_freed_in_doubt(stage: Stage) -> None:
    taken(stage)
    assert stage.ledger.release_all() == 1
    (claim,) = stage.grants.claim_due("me", limit=9, ttl_ms=TTL)
    assert (claim.grant.id, claim.in_doubt) == ("grant-a", True)


def test_a_renewed_pair_is_there_for_the_next_call_and_due_again_later(stage: Stage) -> None:
    stage.clock.advance(DUE_IN)
    grant = stage.grants.store_pair(taken(stage).lease, new_tokens(2, renew_in_ms=5))
    assert grant.next_at == stage.clock.now() + 5
    account = stage.access.account("a")
    assert account is not None
    assert account.access_token == "act.token-2"
    assert stage.grants.take("grant-a", "you", ttl_ms=TTL) is not None


def test_what_a_renewal_leaves_out_stays_as_it_was(stage: Stage) -> None:
    before = stage.grants.grant("grant-a")
    bare = new_tokens(2, pair=Pair(access="act.new"), refresh_expires_in_s=None, scopes=None)
    after = stage.grants.store_pair(taken(stage).lease, bare)
    assert before is not None
    assert after.pair == Pair(access="act.new", refresh="rft.token-a")
    assert (after.scopes, after.refresh_expires_at) == (before.scopes, before.refresh_expires_at)


@pytest.mark.parametrize("pair", [Pair(access=""), Pair(access="act.x", refresh="")])
def test_an_empty_token_never_replaces_a_good_one(stage: Stage, pair: Pair) -> None:
    claim = taken(stage)
    with pytest.raises(ValueError, match="empty token"):
        stage.grants.store_pair(claim.lease, new_tokens(2, pair=pair))
    grant = stage.grants.grant("grant-a")
    assert grant is not None
    assert grant.pair == Pair(access="act.token-a", refresh="rft.token-a")


def test_a_grant_given_back_is_as_it_was_and_due_when_said(stage: Stage) -> None:
    stage.grants.give_back(taken(stage).lease, next_in_ms=50, tries=3)
    grant = stage.grants.grant("grant-a")
    assert grant is not None
    assert (grant.next_at, grant.tries, grant.state) == (stage.clock.now() + 50, 3, "live")
    assert not taken(stage).in_doubt


@pytest.mark.parametrize(
    ("state", "event"), [("reconnect", "account_needs_reconnect"), ("disconnected", "account_disconnected")]
)
def test_an_end_erases_the_tokens_and_is_told_once(stage: Stage, state: str, event: str) -> None:
    claim = taken(stage)
    assert stage.grants.end("grant-a", state, "invalid_grant", lease=claim.lease)  # type: ignore[arg-type] # one of the words
    assert not stage.grants.end("grant-a", "reconnect", "again")
    grant = stage.grants.grant("grant-a")
    assert grant is not None
    assert (grant.state, grant.pair, grant.reason, grant.next_at) == (state, None, "invalid_grant", None)
    assert told(stage) == [(event, "a", {"app_id": "app", "reason": "invalid_grant"})]
    account = stage.access.account("a")
    assert account is not None
    assert account.access_token == ""


def test_a_removal_ends_the_grant_of_that_app_alone(stage: Stage) -> None:
    stage.apps.keep(new_app(id="app-2", client_key="aw2"))
    stage.grants.connect(new_grant("a", id="grant-a2", app_id="app-2", tokens=new_tokens(2)))
    ended = stage.grants.end_removed("aw1", "open-a", "auth_removed")
    assert [(grant.id, grant.reason) for grant in ended] == [("grant-a", "auth_removed")]
    assert stage.grants.end_removed("aw1", "open-a", "auth_removed") == []
    assert stage.grants.end_removed("nobody", "open-a", "auth_removed") == []
    assert told(stage)[-1][0] == "account_needs_reconnect"


def test_a_consent_after_the_end_brings_the_grant_back(stage: Stage) -> None:
    stage.grants.end("grant-a", "reconnect", "invalid_grant")
    grant = stage.grants.connect(new_grant("a", tokens=new_tokens(5)))
    assert (grant.id, grant.state, grant.reason) == ("grant-a", "live", None)


def test_a_consent_takes_the_grant_from_whoever_renews_it(stage: Stage) -> None:
    claim = taken(stage)
    stage.grants.connect(new_grant("a", tokens=new_tokens(5)))
    with pytest.raises(LeaseLost):
        stage.grants.store_pair(claim.lease, new_tokens(6))


def test_a_consent_lets_posts_at_tiktok_be_asked_about_and_leaves_the_others(stage: Stage) -> None:
    claim = stage.open_gate(stage.begun())
    later = stage.clock.now() + 10**9
    stage.ledger.release(claim.lease, next_at=later, change=Change(state=State.PROCESSING))
    stage.accept(id="p2", input_hash="2" * 64)
    stage.ledger.release(stage.claim().lease, next_at=later)
    stage.grants.connect(new_grant("a"))
    (due,) = stage.ledger.claim("you", limit=9, ttl_ms=TTL)
    assert due.post.id == claim.post.id


def test_an_expiry_is_warned_of_once_for_each_time(stage: Stage) -> None:
    grant = stage.grants.grant("grant-a")
    assert grant is not None
    assert stage.grants.warn(grant, 77, "refresh_token")
    assert not stage.grants.warn(grant, 77, "refresh_token")
    assert stage.grants.warn(grant, 78, "refresh_token")
    payload = {"app_id": "app", "what": "refresh_token", "expires_at": 77}
    assert told(stage)[0] == ("account_token_expiring", "a", payload)


def test_a_consent_that_has_ended_can_be_taken_off_once(stage: Stage) -> None:
    assert stage.grants.end("grant-a", "reconnect", "invalid_grant")
    assert stage.grants.end("grant-a", "disconnected", "disconnected_here")
    assert not stage.grants.end("grant-a", "disconnected", "again")
    assert not stage.grants.end("grant-a", "reconnect", "again")
    assert [kind for kind, *_ in told(stage)] == ["account_needs_reconnect", "account_disconnected"]
    account = stage.access.account("a")
    assert account is not None
    assert account.disconnected
