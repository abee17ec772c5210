"""What webhooks ask of apps and accounts, and what a removed access ends, on each kind of database."""

import pytest

from connector.store.hook_accounts import SqlHookAccounts
from tests.ledgers import Stage, new_grant

pytest_plugins = ("tests.databases", "tests.ledgers")


@pytest.fixture
def known(stage: Stage) -> SqlHookAccounts:
    """Give what webhooks know of the stage's app and accounts."""
    return SqlHookAccounts(stage.database, apps=stage.apps, grants=stage.grants)


def states(stage: Stage) -> dict[str, tuple[str, str | None]]:
    """Return how the grant of each account stands, and why."""
    return {grant.account_id: (grant.state, grant.reason) for grant in stage.grants.grants("w")}


def test_the_secret_is_found_by_the_client_key_alone(known: SqlHookAccounts) -> None:
    assert known.client_secret("aw1") == "app-secret"
    assert known.client_secret("aw2") is None
    assert known.client_secret("app") is None


def test_an_account_is_known_by_the_open_id_that_the_app_has_for_it(known: SqlHookAccounts) -> None:
    assert known.accounts_of("aw1", "open-a") == {"a"}
    assert known.accounts_of("aw2", "open-a") == frozenset()
    assert known.accounts_of("aw1", "open-z") == frozenset()


def test_a_removed_access_ends_that_grant_once(stage: Stage, known: SqlHookAccounts) -> None:
    stage.clock.advance(5000)
    at = stage.clock.now()
    assert known.authorization_removed("aw1", "open-a", at=at, reason=1)
    assert not known.authorization_removed("aw1", "open-a", at=at, reason=1)
    assert states(stage) == {"a": ("reconnect", "auth_removed"), "b": ("live", None)}
    assert known.accounts_of("aw1", "open-a") == {"a"}


def test_a_removal_that_is_older_than_the_consent_ends_nothing(stage: Stage, known: SqlHookAccounts) -> None:
    removed_at = stage.clock.now() + 1000
    stage.clock.advance(5000)
    stage.grants.connect(new_grant("a"))
    assert not known.authorization_removed("aw1", "open-a", at=removed_at, reason=1)
    assert states(stage)["a"] == ("live", None)


def test_a_removal_within_the_second_of_the_consent_counts(stage: Stage, known: SqlHookAccounts) -> None:
    at = stage.clock.now() - 900
    assert known.authorization_removed("aw1", "open-b", at=at, reason=0)
    assert states(stage)["b"] == ("reconnect", "auth_removed")
