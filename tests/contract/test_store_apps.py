"""The ports of apps and logins on each database."""

from dataclasses import replace

from connector.domain.audit import UNAUDITED, USER_CAP
from connector.engine.model_accounts import Invitation, Login
from tests.ledgers import Stage, new_app

pytest_plugins = ("tests.databases", "tests.ledgers")


def login(stage: Stage, **changes: object) -> Login:
    """Return a login that begins now."""
    plain = Login(
        id="state-hash",
        workspace_id="w",
        app_id="app",
        bound_to="session-hash",
        redirect_uri="https://posts.example/connect/tiktok/callback",
        expires_at=stage.clock.now() + 600_000,
        verifier="v" * 43,
    )
    return replace(plain, **changes)  # type: ignore[arg-type] # any member


def test_an_app_is_found_by_its_id_and_by_its_client_key(stage: Stage) -> None:
    assert stage.apps.find("app") == stage.apps.find("aw1")
    assert stage.apps.find("aw9") is None
    found = stage.apps.find("app")
    assert found is not None
    assert (found.client_secret, found.audit, found.keys.client_key) == ("app-secret", "unknown", "aw1")


def test_an_app_that_is_stored_again_keeps_its_id_and_what_is_known_of_its_audit(stage: Stage) -> None:
    stage.apps.learn("app", UNAUDITED, "no", "log-1")
    kept = stage.apps.keep(new_app(id="other", client_secret="rotated", label="New name"))
    assert (kept.id, kept.client_secret, kept.label, kept.audit) == (
        "app",
        "rotated",
        "New name",
        "unaudited",
    )
    assert len(stage.apps.apps()) == 1


def test_the_first_refusal_stays_noted_beside_the_last(stage: Stage) -> None:
    start = stage.clock.now()
    stage.apps.learn("app", UNAUDITED, "no", "log-1")
    stage.clock.advance(1_000)
    stage.apps.learn("app", UNAUDITED, "still no", "log-2")
    found = stage.apps.find("app")
    assert found is not None
    lesson = found.lessons[UNAUDITED]
    assert (lesson.first_at, lesson.last_at, lesson.tiktok_log_id) == (start, start + 1_000, "log-2")


def test_a_reached_cap_says_nothing_of_the_audit(stage: Stage) -> None:
    stage.apps.learn("app", USER_CAP, "full", None)
    stage.apps.learn("nobody", USER_CAP, "full", None)
    found = stage.apps.find("app")
    assert found is not None
    assert (found.audit, set(found.lessons)) == ("unknown", {USER_CAP})


def test_what_the_operator_says_replaces_what_was_learnt(stage: Stage) -> None:
    stage.apps.learn("app", UNAUDITED, "no", None)
    stage.apps.set_audit("app", "audited", 50)
    found = stage.apps.find("app")
    assert found is not None
    assert (found.audit, found.user_cap, found.lessons) == ("audited", 50, {})


def test_accounts_count_as_active_once_tiktok_has_taken_a_direct_post(stage: Stage) -> None:
    begin = stage.clock.now()
    claim = stage.begun(app_id="app")
    assert stage.apps.active_accounts("app", begin) == frozenset()
    stage.open_gate(claim)
    assert stage.apps.active_accounts("app", begin) == {"a"}
    assert stage.apps.active_accounts("app", begin + 1) == frozenset()
    assert stage.apps.active_accounts("app-2", begin) == frozenset()


def test_a_login_is_used_once_by_whoever_began_it(stage: Stage) -> None:
    begun = login(stage)
    stage.logins.begin(begun)
    assert stage.logins.use(begun.id, "somebody else") is None
    assert stage.logins.use("other-state", begun.bound_to) is None
    assert stage.logins.use(begun.id, begun.bound_to) == begun
    assert stage.logins.use(begun.id, begun.bound_to) is None


def test_a_login_past_its_time_is_worth_nothing(stage: Stage) -> None:
    begun = login(stage, verifier=None)
    stage.logins.begin(begun)
    stage.clock.advance(600_000)
    assert stage.logins.use(begun.id, begun.bound_to) is None


def test_invitations_are_listed_until_they_have_led_to_an_account(stage: Stage) -> None:
    invited = [Invitation(id=f"i{n}", workspace_id="w", name=f"P{n}", expires_at=9) for n in range(2)]
    stage.logins.invite(invited)
    stage.logins.invite([])
    stage.logins.connected("i0", "a")
    listed = stage.logins.invitations("w")
    assert [(one.name, one.account_id, one.connected_at) for one in listed] == [
        ("P0", "a", stage.clock.now()),
        ("P1", None, None),
    ]
    assert stage.logins.invitation("i1") == listed[1]
    assert stage.logins.invitation("i9") is None
