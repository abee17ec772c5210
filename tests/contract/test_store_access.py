"""The access port: workspaces, keys by the hash of their secret, accounts with sealed tokens."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from connector.engine.model import ApiKey
from connector.kernel.errors import PostrailError
from connector.store.access import NOTE_EVERY_MS, SqlAccess
from connector.store.database import Database
from connector.store.sealing import Sealer
from connector.store.secrets import Secrets
from tests.ledgers import IDS, Stage, new_app, new_grant, new_tokens

pytest_plugins = ("tests.databases", "tests.ledgers")


def _key(stage: Stage, key_id: str = "key_1") -> ApiKey:
    key = ApiKey(
        id=key_id,
        workspace_id="w",
        name="n8n",
        created_at=stage.clock.now(),
        scopes=frozenset({"posts:read", "posts:write"}),
        account_id="a",
        expires_at=stage.clock.now() + 5,
    )
    stage.access.add_key(key, f"hash of {key_id}")
    return key


def test_the_first_workspace_is_the_oldest(stage: Stage) -> None:
    stage.clock.advance(1)
    stage.access.add_workspace("another", "Another")
    assert stage.access.first_workspace() == "w"


def test_the_workspace_of_a_first_start_is_made_once(database: Database) -> None:
    access = SqlAccess(database, sealer=Sealer(Secrets(b"a key that is long enough"), IDS))
    assert [access.ensure_workspace(name, "Default") for name in ("one", "two")] == ["one", "one"]


def test_the_workspace_of_many_first_starts_at_once_is_made_once(database: Database) -> None:
    access = SqlAccess(database, sealer=Sealer(Secrets(b"a key that is long enough"), IDS))
    together = Barrier(8)

    def start(name: str) -> str:
        together.wait()
        return access.ensure_workspace(name, "Default")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, "abcdefgh"))) == 1


def test_the_first_key_of_a_workspace_is_made_once(stage: Stage) -> None:
    key = ApiKey(id="key_1", workspace_id="w", name="first", created_at=1, scopes=frozenset({"posts:read"}))
    assert stage.access.add_first_key(key, "hash of key_1")
    stage.access.revoke_key("w", "key_1")
    assert not stage.access.add_first_key(replace(key, id="key_2"), "hash of key_2")
    assert [found.id for found in stage.access.keys("w")] == ["key_1"]


def test_a_new_key_comes_back_as_it_was_stored(stage: Stage) -> None:
    key = _key(stage)
    assert stage.access.keys("w") == [key]
    assert stage.access.keys("elsewhere") == []


def test_an_unknown_hash_finds_no_key(stage: Stage) -> None:
    _key(stage)
    assert stage.access.find_key("hash of nothing") is None


def test_finding_a_key_notes_its_use_once_a_minute(stage: Stage) -> None:
    key = _key(stage)
    first_use = stage.clock.now()
    assert stage.access.find_key("hash of key_1") == replace(key, last_used_at=first_use)
    stage.clock.advance(NOTE_EVERY_MS - 1)
    assert stage.access.find_key("hash of key_1") == replace(key, last_used_at=first_use)
    stage.clock.advance(1)
    stage.access.find_key("hash of key_1")
    assert stage.access.keys("w")[0].last_used_at == stage.clock.now()


def test_a_revoked_key_is_found_with_the_time_of_its_first_revocation(stage: Stage) -> None:
    _key(stage)
    revoked_at = stage.clock.now()
    assert stage.access.revoke_key("w", "key_1")
    stage.clock.advance(NOTE_EVERY_MS)
    assert stage.access.revoke_key("w", "key_1")
    found = stage.access.find_key("hash of key_1")
    assert found is not None
    assert (found.revoked_at, found.last_used_at) == (revoked_at, None)


def test_a_key_is_revoked_only_by_its_own_workspace(stage: Stage) -> None:
    _key(stage)
    assert not stage.access.revoke_key("elsewhere", "key_1")
    assert not stage.access.revoke_key("w", "key_2")
    assert stage.access.keys("w")[0].revoked_at is None


def test_an_account_comes_back_with_its_token_and_who_may_use_it(stage: Stage) -> None:
    account = stage.access.account("a")
    assert account is not None
    assert (account.access_token, account.app_id, account.grant_id) == ("act.token-a", "app", "grant-a")
    assert account.scopes == new_tokens().scopes
    assert stage.access.account("nobody") is None


def test_an_account_has_no_token_for_an_app_that_may_not_act_for_it(stage: Stage) -> None:
    account = stage.access.account("a", "another-app")
    assert account is not None
    assert (account.access_token, account.grant_id, account.username) == ("", None, "user_a")


def test_accounts_are_listed_oldest_first(stage: Stage) -> None:
    assert [account.id for account in stage.access.accounts("w")] == ["a", "b"]
    assert stage.access.accounts("elsewhere") == []


@pytest.mark.parametrize("ref", ["a", "open-a", "user_a", "@USER_a"])
def test_an_account_is_found_by_our_id_its_open_id_or_its_handle(stage: Stage, ref: str) -> None:
    (found,) = stage.access.meant("w", ref)
    assert found == stage.access.account("a")
    assert stage.access.meant("elsewhere", ref) == []


def test_a_handle_is_known_in_whatever_letters_and_finds_who_had_it_too(stage: Stage) -> None:
    stage.grants.connect(new_grant("c", username="Mia.Lee"))
    stage.clock.advance(1)
    stage.grants.connect(new_grant("d", username="mia.lee"))
    assert [account.id for account in stage.access.meant("w", "@MIA.lee")] == ["c", "d"]
    stage.grants.connect(new_grant("c", username="another"))
    assert [account.id for account in stage.access.meant("w", "mia.lee")] == ["d"]
    assert stage.access.meant("w", "") == []


def test_the_only_account_is_found_whatever_became_of_it(stage: Stage) -> None:
    stage.access.add_workspace("alone", "Alone")
    assert stage.access.only("alone") is None
    stage.grants.connect(new_grant("c", workspace_id="alone", open_id="open-c"))
    assert stage.access.only("alone") == stage.access.account("c")
    stage.grants.end("grant-c", "disconnected", "disconnected_here")
    alone = stage.access.only("alone")
    assert alone is not None
    assert (alone.id, alone.disconnected) == ("c", True)


def test_of_several_accounts_the_only_one_is_that_which_is_not_disconnected(stage: Stage) -> None:
    assert stage.access.only("w") is None
    stage.grants.end("grant-a", "reconnect", "invalid_grant")
    assert stage.access.only("w") is None
    stage.grants.end("grant-a", "disconnected", "disconnected_here")
    assert stage.access.only("w") == stage.access.account("b")
    stage.grants.end("grant-b", "disconnected", "disconnected_here")
    assert stage.access.only("w") is None


def test_an_account_that_another_app_may_act_for_is_not_disconnected(stage: Stage) -> None:
    stage.apps.keep(new_app(id="app-2", client_key="aw2"))
    stage.grants.connect(new_grant("a", id="grant-a2", app_id="app-2", tokens=new_tokens(2)))
    stage.grants.end("grant-a", "disconnected", "disconnected_here")
    stage.grants.end("grant-b", "disconnected", "disconnected_here")
    only = stage.access.only("w")
    assert only is not None
    assert (only.id, only.access_token, only.disconnected) == ("a", "act.token-2", False)


def test_an_audited_app_acts_before_one_that_is_not(stage: Stage) -> None:
    stage.apps.keep(new_app(id="app-2", client_key="aw2"))
    stage.grants.connect(new_grant("a", id="grant-a2", app_id="app-2", tokens=new_tokens(2)))
    before = stage.access.account("a")
    stage.apps.set_audit("app", "unaudited", None)
    after = stage.access.account("a")
    assert (before and before.app_id, after and after.app_id) == ("app", "app-2")
    assert [account.app_id for account in stage.access.accounts("w")] == ["app-2", "app"]


def test_an_app_that_may_act_comes_before_one_that_no_longer_may(stage: Stage) -> None:
    stage.apps.keep(new_app(id="app-2", client_key="aw2"))
    stage.grants.connect(new_grant("a", id="grant-a2", app_id="app-2", tokens=new_tokens(2)))
    stage.grants.end("grant-a", "reconnect", "invalid_grant")
    account = stage.access.account("a")
    assert account is not None
    assert (account.app_id, account.access_token) == ("app-2", "act.token-2")


def test_another_secret_key_opens_no_token_and_says_so(stage: Stage) -> None:
    key = Secrets(b"another key, also long enough")
    stranger = SqlAccess(stage.database, sealer=Sealer(key, IDS))
    with pytest.raises(PostrailError, match="sealed with key"):
        stranger.account("a")


def test_slots_come_in_a_burst_and_then_one_each_gap(stage: Stage) -> None:
    start = stage.clock.now()
    taken = [stage.ledger.reserve_slot("a", "init", gap_ms=100, burst=3) - start for _ in range(5)]
    assert taken == [0, 0, 0, 100, 200]


def test_a_rate_that_has_rested_gives_its_burst_again_and_no_more(stage: Stage) -> None:
    for _ in range(3):
        stage.ledger.reserve_slot("a", "init", gap_ms=100, burst=2)
    stage.clock.advance(100_000)
    start = stage.clock.now()
    assert [stage.ledger.reserve_slot("a", "init", gap_ms=100, burst=2) - start for _ in range(3)] == [
        0,
        0,
        100,
    ]


def test_rates_of_other_kinds_and_accounts_are_their_own(stage: Stage) -> None:
    start = stage.clock.now()
    for account, kind in (("a", "init"), ("a", "status"), ("b", "init")):
        assert stage.ledger.reserve_slot(account, kind, gap_ms=100, burst=1) == start
