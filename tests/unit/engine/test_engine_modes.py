"""How a post goes: published or left in the inbox, by what the creator allowed and TikTok has said."""

import pytest

from connector.domain.audit import CAP_HOLD_MS, UNAUDITED, USER_CAP
from connector.domain.lifecycle import State
from connector.domain.retry import MAX_INBOX_ATTEMPTS
from connector.engine.model import Account, Principal
from connector.engine.modes import NO_AUDIT, NO_PERMISSION, Way, choose, only_lacks_privacy
from connector.kernel.errors import PostrailError
from tests.fakes.scripted import Scene, refusal, status
from tests.ledgers import new_app, new_grant, new_tokens

pytest_plugins = ("tests.engine_scene",)

VIDEO = {"source_url": "https://m.example/v.mp4"}
PUBLIC = {"privacy": "PUBLIC_TO_EVERYONE"}
PRIVATE = {"privacy": "SELF_ONLY"}
BASIC, PUBLISH, UPLOAD = "user.info.basic", "video.publish", "video.upload"


def account(scene: Scene) -> Account:
    """Return the account `a`."""
    found = scene.stage.access.account("a")
    assert found is not None
    return found


def granted(scene: Scene, *scopes: str) -> None:
    """Let the creator of `a` allow these permissions and no other."""
    scene.stage.grants.connect(new_grant("a", tokens=new_tokens(2, scopes=frozenset(scopes))))


def way(scene: Scene, **content: object) -> Way:
    """Choose the way of a post."""
    return choose(scene.context, account(scene), content)


def refused(scene: Scene, **content: object) -> PostrailError:
    """Return what a post is refused with."""
    with pytest.raises(PostrailError) as caught:
        way(scene, **content)
    return caught.value


@pytest.mark.parametrize("audit", ["unknown", "audited"])
def test_a_post_is_published_directly_unless_something_is_known_against_it(scene: Scene, audit: str) -> None:
    scene.stage.apps.set_audit("app", audit, None)  # type: ignore[arg-type] # one of the words
    for mode in ("auto", "direct", None):
        assert way(scene, post_mode=mode, **PUBLIC).mode == "direct"


def test_auto_means_the_inbox_while_the_app_is_not_audited_and_says_so(scene: Scene) -> None:
    scene.stage.apps.learn("app", UNAUDITED, "no", None)
    assert way(scene, **PUBLIC) == Way(account=account(scene), mode="inbox", warnings=(NO_AUDIT,))
    assert way(scene, post_mode="inbox", **PUBLIC).warnings == ()


def test_direct_without_an_audit_is_narrowed_before_tiktok_hears_of_it(scene: Scene) -> None:
    scene.stage.apps.learn("app", UNAUDITED, "no", None)
    error = refused(scene, post_mode="direct", brand_content_toggle=True, **PUBLIC)
    assert (error.code, [problem.field for problem in error.details]) == (
        UNAUDITED,
        ["privacy", "brand_content_toggle"],
    )
    assert way(scene, post_mode="direct", **PRIVATE).mode == "direct"


def test_auto_without_an_audit_and_without_the_inbox_stays_direct_and_narrow(scene: Scene) -> None:
    granted(scene, BASIC, PUBLISH)
    scene.stage.apps.learn("app", UNAUDITED, "no", None)
    assert refused(scene, **PUBLIC).code == UNAUDITED
    assert way(scene, **PRIVATE).mode == "direct"


def lacks_only_privacy(scene: Scene, **rows: object) -> bool:
    """Say whether a video post without privacy may go on all the same."""
    understood = scene.context.contract.understand("post_video", {"account": "@user_a", **VIDEO, **rows})
    return only_lacks_privacy(scene.context, Principal(workspace_id="w", key_id="k"), understood)


def test_auto_needs_no_privacy_where_it_means_the_inbox_and_nowhere_else(scene: Scene) -> None:
    assert not lacks_only_privacy(scene)
    scene.stage.apps.learn("app", UNAUDITED, "no", None)
    assert lacks_only_privacy(scene)
    assert lacks_only_privacy(scene, post_mode="auto")
    for wrong in (
        {"post_mode": "direct"},
        {"is_aigc": "perhaps"},
        {"privacy": "all"},
        {"account": "@nobody"},
    ):
        assert not lacks_only_privacy(scene, **wrong)
    granted(scene, BASIC, PUBLISH)
    assert not lacks_only_privacy(scene)


def test_auto_goes_to_the_inbox_where_the_creator_allows_nothing_else(scene: Scene) -> None:
    granted(scene, BASIC, UPLOAD)
    assert way(scene, **PUBLIC).warnings == (NO_PERMISSION,)
    assert refused(scene, post_mode="direct", **PUBLIC).code == "scope_not_authorized"


def test_what_no_permission_allows_is_refused_with_the_permission_that_is_missing(scene: Scene) -> None:
    granted(scene, BASIC, PUBLISH)
    error = refused(scene, post_mode="inbox", **PUBLIC)
    assert (error.code, error.details[0].expected) == ("scope_not_authorized", UPLOAD)


def test_an_account_that_must_reconnect_takes_no_post(scene: Scene) -> None:
    scene.stage.grants.end("grant-a", "reconnect", "invalid_grant")
    assert refused(scene, **PUBLIC).code == "account_needs_reconnect"


def test_another_app_that_may_acts_instead(scene: Scene) -> None:
    granted(scene, BASIC, UPLOAD)
    scene.stage.apps.keep(new_app(id="app-2", client_key="aw2"))
    scene.stage.grants.connect(new_grant("a", id="grant-a2", app_id="app-2", tokens=new_tokens(3)))
    assert (way(scene, **PUBLIC).account.app_id, way(scene, **PUBLIC).mode) == ("app-2", "direct")


def test_a_reached_cap_holds_back_new_accounts_for_a_while(scene: Scene) -> None:
    scene.stage.apps.learn("app", USER_CAP, "full", None)
    error = refused(scene, **PUBLIC)
    assert (error.code, error.retry_at) == (USER_CAP, scene.stage.clock.now() + CAP_HOLD_MS)
    scene.stage.clock.advance(CAP_HOLD_MS)
    assert way(scene, **PUBLIC).mode == "direct"


def test_an_account_that_has_posted_today_is_within_the_cap(scene: Scene) -> None:
    scene.tiktok.statuses = [status("PROCESSING_UPLOAD")]
    scene.accept_video(app_id="app")
    scene.step()
    scene.stage.apps.set_audit("app", "audited", 1)
    assert way(scene, **PUBLIC).mode == "direct"
    other = scene.stage.access.account("b")
    assert other is not None
    with pytest.raises(PostrailError, match="as many accounts"):
        choose(scene.context, other, PUBLIC)


def test_the_first_refusal_teaches_and_an_auto_post_goes_on_as_a_draft(scene: Scene) -> None:
    scene.tiktok.inits = [refusal(UNAUDITED), "as usual"]
    scene.tiktok.statuses = [status("SEND_TO_USER_INBOX")]
    post = scene.accept_video(app_id="app")
    scene.run()
    now, app = scene.now(post), scene.stage.apps.find("app")
    assert (now.state, now.mode) == (State.INBOX_DELIVERED, "inbox")
    assert NO_AUDIT in str(now.receipt["warnings"])
    assert app is not None
    assert (app.audit, app.lessons[UNAUDITED].tiktok_log_id) == ("unaudited", "log-9")


def test_a_post_that_was_to_be_direct_fails_on_that_refusal(scene: Scene) -> None:
    scene.tiktok.inits = [refusal(UNAUDITED)]
    given = {"source_url": "https://m.example/v.mp4", "post_mode": "direct", **PUBLIC}
    post = scene.accept_video(app_id="app", input=given)
    scene.run()
    failure = scene.now(post).failure
    assert failure is not None
    assert failure.code == UNAUDITED


def test_what_was_learnt_meanwhile_makes_a_draft_before_any_init(scene: Scene) -> None:
    scene.tiktok.statuses = [status("SEND_TO_USER_INBOX")]
    post = scene.accept_video(app_id="app")
    scene.stage.apps.learn("app", UNAUDITED, "no", None)
    scene.run()
    assert scene.now(post).mode == "inbox"
    assert len([call for call in scene.tiktok.calls if call.startswith("init")]) == 1


def test_a_draft_asks_nobody_what_may_be_posted_and_is_looked_at_until_it_is_finished(scene: Scene) -> None:
    scene.tiktok.statuses = [
        status("SEND_TO_USER_INBOX"),
        status("PUBLISH_COMPLETE"),
        status("PUBLISH_COMPLETE", ids=("7", "8")),
    ]
    post = scene.accept_video(app_id="app", mode="inbox")
    scene.run(steps=30)
    now = scene.now(post)
    assert (now.state, now.public_ids) == (State.PUBLISHED_PUBLIC, ("7", "8"))
    assert not [call for call in scene.tiktok.calls if call.startswith("creator")]


def test_a_finished_draft_that_never_gets_an_id_is_taken_for_a_private_one(scene: Scene) -> None:
    scene.tiktok.statuses = [status("SEND_TO_USER_INBOX"), status("PUBLISH_COMPLETE")]
    post = scene.accept_video(app_id="app", mode="inbox")
    scene.run(steps=2_000, move_ms=4_000_000)
    assert scene.now(post).state is State.PUBLISHED_PRIVATE
    assert scene.stage.ledger.next_due() is None


def test_a_draft_nobody_finishes_is_left_in_the_inbox(scene: Scene) -> None:
    scene.tiktok.statuses = [status("SEND_TO_USER_INBOX")]
    post = scene.accept_video(app_id="app", mode="inbox")
    scene.run(steps=2_000, move_ms=4_000_000)
    assert scene.now(post).state is State.INBOX_DELIVERED
    assert scene.stage.ledger.next_due() is None


def test_a_draft_is_tried_twice_at_most(scene: Scene) -> None:
    scene.tiktok.inits = [refusal("tiktok_unreachable", outcome="unknown")]
    post = scene.accept_video(app_id="app", mode="inbox")
    scene.run()
    failure = scene.now(post).failure
    assert failure is not None
    assert failure.code == "attempts_exhausted"
    assert len(scene.stage.ledger.attempts(post.id)) == MAX_INBOX_ATTEMPTS
