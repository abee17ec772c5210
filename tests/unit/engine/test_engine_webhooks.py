"""TikTok's webhooks on a real ledger: taken in, acted on once, in any order, and never believed unsigned."""

import json
from collections.abc import Callable

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from connector.domain.drafts import look_at_draft
from connector.domain.lifecycle import AttemptState, State
from connector.domain.retry import HEARD_LATELY_MS, MAX_HOOK_DEFECTS
from connector.engine.model import Change, Claim, Failure, Post, Principal
from connector.engine.model_incident import ALARM
from connector.engine.pausing import begin_pause, lift_pause
from connector.engine.ports_sweeping import START
from connector.engine.ports_tiktok import EventKind
from connector.engine.resolving import resolve_post, retry_post
from connector.engine.webhooks import receive
from connector.kernel.errors import PostrailError
from connector.store.tables import events
from connector.store.tables import webhook_inbox as inbox
from tests.fakes.hooks import TOLERANCE_S, MailRoom, signed, webhook
from tests.fakes.scripted import Scene, refusal, status
from tests.ledgers import TTL

pytest_plugins = ("tests.engine_scene",)
KEY = Principal(workspace_id="w", key_id="key_1", name="n8n", scopes=frozenset({"posts:write"}))
K = EventKind
HOUR = 3_600_000


@pytest.fixture
def mail(scene: Scene) -> MailRoom:
    """Give a desk on the scene's ledger."""
    return MailRoom(scene)


def in_processing(scene: Scene) -> Post:
    """Have a post that TikTok works on, as `pub-1`."""
    scene.tiktok.statuses = [status("PROCESSING_UPLOAD")]
    post = scene.accept_video()
    scene.step()
    return scene.now(post)


def with_a_void_attempt(scene: Scene) -> Post:
    """Have a post whose first init got no answer, and whose second one is under way at TikTok as `pub-2`."""
    scene.tiktok.inits = [refusal("tiktok_unreachable", "unknown")]
    scene.tiktok.statuses = [status("PROCESSING_UPLOAD")]
    post = scene.accept_video()
    scene.step()
    scene.stage.clock.advance(60_000)
    scene.tiktok.inits = []
    scene.step()
    states = scene.stage.attempt_states(post.id)
    assert states == [AttemptState.VOID, AttemptState.ACCEPTED]
    return scene.now(post)


def letters(mail: MailRoom) -> list[tuple[str, str | None]]:
    """Return (event, outcome) of all that is kept."""
    query = select(inbox.c.event, inbox.c.outcome).order_by(inbox.c.received_at, inbox.c.digest)
    return mail.scene.stage.database.read(lambda conn: [tuple(row) for row in conn.execute(query)])


def alarms(scene: Scene) -> list[dict[str, object]]:
    """Return what the events of alarms say."""
    query = select(events.c.payload).where(events.c.kind == ALARM)
    return scene.stage.database.read(lambda conn: [json.loads(row) for row in conn.execute(query).scalars()])


def refused(mail: MailRoom, header: str | None, body: bytes) -> str:
    """Return the code that a delivery is refused with."""
    with pytest.raises(PostrailError) as caught:
        receive(mail.desk, header, body)
    return caught.value.code


def test_a_public_id_settles_the_post_by_itself(scene: Scene, mail: MailRoom) -> None:
    post = in_processing(scene)
    mail.tell(K.PUBLICLY_AVAILABLE, publish_id="pub-1", post_id="7600000000000000011")
    now = scene.now(post)
    assert (now.state, now.public_ids, now.next_at) == (
        State.PUBLISHED_PUBLIC,
        ("7600000000000000011",),
        None,
    )
    assert "webhook/publicly_available" in [e.call for e in scene.stage.ledger.timeline(post.id)]
    assert scene.tiktok.calls.count("status pub-1") == 1


def test_complete_makes_the_next_look_happen_now(scene: Scene, mail: MailRoom) -> None:
    post = in_processing(scene)
    scene.stage.clock.advance(1)
    assert scene.stage.ledger.claim("me", limit=1, ttl_ms=TTL) == []
    mail.tell(K.PUBLISH_COMPLETE, publish_id="pub-1")
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    scene.step()
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_a_post_in_hand_is_due_again_as_soon_as_it_is_given_back(scene: Scene, mail: MailRoom) -> None:
    post = in_processing(scene)
    scene.stage.clock.advance(60_000)
    claim = scene.stage.claim()
    mail.tell(K.PUBLISH_COMPLETE, publish_id="pub-1")
    assert scene.stage.ledger.claim("other", limit=1, ttl_ms=TTL) == []
    scene.stage.ledger.release(claim.lease, next_at=scene.stage.clock.now() + HOUR)
    assert scene.now(post).next_at == scene.stage.clock.now()


def test_what_only_a_webhook_tells_waits_for_a_post_in_hand(scene: Scene, mail: MailRoom) -> None:
    post = in_processing(scene)
    scene.stage.clock.advance(60_000)
    claim = scene.stage.claim()
    mail.tell(K.NO_LONGER_PUBLIC, publish_id="pub-1", post_id="76")
    assert scene.now(post).state is State.PROCESSING
    scene.stage.ledger.release(claim.lease, next_at=None)
    scene.stage.clock.advance(TTL)
    assert mail.work() == 1
    assert scene.now(post).state is State.REMOVED


def test_a_final_reason_fails_the_post_with_its_code(scene: Scene, mail: MailRoom) -> None:
    post = in_processing(scene)
    mail.tell(K.PUBLISH_FAILED, publish_id="pub-1", reason="spam_risk_text")
    failure = scene.now(post).failure
    assert failure is not None
    assert (failure.code, failure.fail_reason) == ("spam_risk_text", "spam_risk_text")


def test_a_reason_that_a_new_attempt_may_cure_is_left_to_the_status(scene: Scene, mail: MailRoom) -> None:
    post = in_processing(scene)
    mail.tell(K.PUBLISH_FAILED, publish_id="pub-1", reason="internal")
    scene.tiktok.statuses = [status("FAILED", reason="internal")]
    scene.step()
    assert scene.now(post).state is State.SENDING
    assert scene.stage.attempt_states(post.id) == [AttemptState.REJECTED]


def test_a_late_word_about_a_former_attempt_leaves_the_present_one_alone(
    scene: Scene, mail: MailRoom
) -> None:
    post = in_processing(scene)
    scene.tiktok.statuses = [status("FAILED", reason="internal"), status("PROCESSING_UPLOAD")]
    for _ in range(2):
        scene.stage.clock.advance(60_000)
        scene.step()
    assert scene.now(post).publish_id == "pub-2"
    mail.tell(K.PUBLISH_FAILED, publish_id="pub-1", reason="file_format_check_failed")
    assert scene.now(post).state is State.PROCESSING


def test_duplicates_are_kept_and_acted_on_once(scene: Scene, mail: MailRoom) -> None:
    in_processing(scene)
    fresh = [mail.arrive(K.PUBLISH_COMPLETE, publish_id="pub-1") for _ in range(3)]
    assert fresh == [True, False, False]
    assert (mail.woken, mail.work(), len(letters(mail))) == (1, 1, 1)
    assert not mail.arrive(K.PUBLISH_COMPLETE, publish_id="pub-1")
    assert mail.work() == 0


@pytest.mark.parametrize("reverse", [False, True])
def test_any_order_ends_in_the_same_state(scene: Scene, mail: MailRoom, *, reverse: bool) -> None:
    post = in_processing(scene)
    story = [(K.PUBLISH_COMPLETE, 3000), (K.PUBLICLY_AVAILABLE, 2000), (K.NO_LONGER_PUBLIC, 1000)]
    for kind, ago_ms in reversed(story) if reverse else story:
        mail.tell(kind, ago_ms=ago_ms, publish_id="pub-1", post_id="76")
    assert (scene.now(post).state, scene.now(post).public_ids) == (State.REMOVED, ("76",))


def test_an_inbox_delivery_settles_a_draft_and_its_completion_asks_tiktok(
    scene: Scene, mail: MailRoom
) -> None:
    post = in_processing(scene)
    mail.tell(K.INBOX_DELIVERED, publish_id="pub-1", publish_type="INBOX_SHARE")
    wait = look_at_draft(0)
    assert wait is not None
    assert (scene.now(post).state, scene.now(post).next_at) == (
        State.INBOX_DELIVERED,
        scene.stage.clock.now() + wait,
    )
    mail.tell(K.PUBLISH_COMPLETE, publish_id="pub-1", publish_type="INBOX_SHARE")
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    scene.step()
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_an_unknown_event_is_kept_and_does_nothing(scene: Scene, mail: MailRoom) -> None:
    post = in_processing(scene)
    mail.tell("post.publish.sung", publish_id="pub-1")
    assert letters(mail) == [("post.publish.sung", "kept: not known here")]
    assert scene.now(post).version == post.version


def test_an_unknown_publish_id_is_kept(scene: Scene, mail: MailRoom) -> None:
    in_processing(scene)
    mail.tell(K.PUBLISH_COMPLETE, publish_id="pub-foreign")
    assert letters(mail) == [("post.publish.complete", "kept: no post of this server")]
    assert alarms(scene) == []


def test_removed_access_is_told_to_the_accounts_with_its_time(scene: Scene, mail: MailRoom) -> None:
    mail.tell(K.AUTHORIZATION_REMOVED, ago_ms=5000, reason=1)
    assert mail.accounts.removed == [("open-a", scene.stage.clock.now() - 5000, 1)]


def test_a_failure_of_a_void_attempt_is_attached_to_it(scene: Scene, mail: MailRoom) -> None:
    post = with_a_void_attempt(scene)
    mail.tell(K.PUBLISH_FAILED, publish_id="pub-lost", reason="video_pull_failed")
    void, live = scene.stage.ledger.attempts(post.id)
    assert (void.publish_id, live.publish_id) == ("pub-lost", "pub-2")
    assert scene.now(post).state is State.PROCESSING


def test_a_void_attempt_that_was_published_freezes_the_post_and_shuts_its_gate(
    scene: Scene, mail: MailRoom
) -> None:
    post = with_a_void_attempt(scene)
    mail.tell(K.PUBLISH_COMPLETE, publish_id="pub-lost")
    now = scene.now(post)
    assert (now.state, now.next_at) == (State.HELD, None)
    assert now.failure is not None
    assert now.failure.code == "unexpected_publish"
    assert scene.stage.attempt_states(post.id) == [AttemptState.VOID, AttemptState.UNCERTAIN]
    (alarm,) = alarms(scene)
    assert alarm["publish_id"] == "pub-lost"


def test_a_held_post_stays_held_whatever_else_is_told(scene: Scene, mail: MailRoom) -> None:
    post = with_a_void_attempt(scene)
    mail.tell(K.PUBLISH_COMPLETE, publish_id="pub-lost")
    mail.tell(K.PUBLICLY_AVAILABLE, publish_id="pub-2", post_id="76")
    assert scene.now(post).state is State.HELD


def never_heard_of(scene: Scene) -> Post:
    """Have a post that failed since none of its inits was ever answered."""
    scene.tiktok.inits = [refusal("tiktok_unreachable", "unknown")]
    post = scene.accept_video()
    scene.run(steps=40)
    return scene.now(post)


def settled_by_a_person(scene: Scene) -> Post:
    """Have a post of which TikTok tells nothing, and a person says that it is not there."""
    scene.tiktok.statuses = [refusal("token_not_authorized_for_specified_publish_id", name="status/fetch")]
    post = scene.accept_video()
    scene.run(steps=60)
    return resolve_post(scene.context, KEY, scene.now(post), "not_published", None)[0]


def failed_at_tiktok(scene: Scene) -> Post:
    """Have a post that TikTok has failed, for a reason after which a retry may help."""
    scene.tiktok.statuses = [status("FAILED", reason="internal")]
    post = scene.accept_video()
    scene.run(steps=60)
    return scene.now(post)


@pytest.mark.parametrize("fail", [never_heard_of, settled_by_a_person, failed_at_tiktok])
def test_a_failed_post_that_was_published_all_the_same_is_held_and_never_sent_again(
    scene: Scene, mail: MailRoom, fail: Callable[[Scene], Post]
) -> None:
    post = fail(scene)
    assert post.state is State.FAILED
    called = len(scene.tiktok.calls)
    mail.tell(K.PUBLICLY_AVAILABLE, publish_id=post.publish_id or "pub-lost", post_id="7602997517160123666")
    now = scene.now(post)
    assert now.failure is not None
    assert (now.state, now.next_at, now.failure.code) == (State.HELD, None, "unexpected_publish")
    assert len(alarms(scene)) == 1
    with pytest.raises(PostrailError) as caught:
        retry_post(scene.context, KEY, now, allow_repeat=False)
    assert caught.value.code == "post_unresolved"
    scene.run()
    assert len(scene.tiktok.calls) == called


def test_a_person_settles_a_failed_post_that_was_published_all_the_same(scene: Scene, mail: MailRoom) -> None:
    post = failed_at_tiktok(scene)
    mail.tell(K.PUBLICLY_AVAILABLE, publish_id=post.publish_id, post_id="7602997517160123666")
    settled, _ = resolve_post(scene.context, KEY, scene.now(post), "published", "7602997517160123666")
    assert settled.public_ids == ("7602997517160123666",)
    mail.tell(K.NO_LONGER_PUBLIC, publish_id=post.publish_id, post_id="7602997517160123666")
    assert scene.now(post).state is State.REMOVED


def refused_as(call: Callable[[], object]) -> str:
    """Return the code that a decision is refused with."""
    with pytest.raises(PostrailError) as caught:
        call()
    return caught.value.code


def unconfirmed(scene: Scene) -> Post:
    """Have a post that TikTok took as `pub-1` and does not tell of."""
    scene.tiktok.statuses = [refusal("token_not_authorized_for_specified_publish_id", name="status/fetch")]
    post = scene.accept_video()
    scene.run(steps=60)
    assert scene.now(post).state is State.UNCONFIRMED
    return scene.now(post)


def held_for_a_defect(scene: Scene) -> Post:
    """Have a post at TikTok, as `pub-1`, that was held since our own code failed on it."""
    post = in_processing(scene)
    hold(scene, post)
    return scene.now(post)


@pytest.mark.parametrize("doubt", [unconfirmed, held_for_a_defect, failed_at_tiktok])
def test_nobody_can_say_that_it_is_not_there_when_tiktok_has_said_that_it_is(
    scene: Scene, mail: MailRoom, doubt: Callable[[Scene], Post]
) -> None:
    post = doubt(scene)
    mail.tell(K.PUBLISH_COMPLETE, publish_id=post.publish_id)
    scene.run(steps=3)
    now = scene.now(post)
    assert (now.state, now.tiktok_status) == (
        State.UNCONFIRMED if doubt is unconfirmed else State.HELD,
        "PUBLISH_COMPLETE",
    )
    said = refused_as(lambda: resolve_post(scene.context, KEY, now, "not_published", None))
    assert said == "tiktok_says_published"
    assert refused_as(lambda: retry_post(scene.context, KEY, now, allow_repeat=True)) == "post_unresolved"
    assert scene.now(post) == now
    settled, (why,) = resolve_post(scene.context, KEY, now, "published", None)
    assert (settled.state, "TikTok has said that it is published" in why) == (State.PUBLISHED_PRIVATE, True)


def test_a_held_post_shows_where_tiktok_has_published_it_and_is_settled_by_that(
    scene: Scene, mail: MailRoom
) -> None:
    post = with_a_void_attempt(scene)
    mail.tell(K.PUBLISH_COMPLETE, publish_id="pub-lost")
    assert (scene.now(post).tiktok_status, scene.now(post).public_ids) == ("PUBLISH_COMPLETE", ())
    mail.tell(K.PUBLICLY_AVAILABLE, publish_id="pub-lost", post_id="7602997517160123666")
    now = scene.now(post)
    assert (now.state, now.public_ids) == (State.HELD, ("7602997517160123666",))
    settled, _ = resolve_post(scene.context, KEY, now, "published", None)
    assert (settled.state, settled.public_ids) == (State.PUBLISHED_PUBLIC, ("7602997517160123666",))


def test_a_webhook_that_is_not_yet_read_is_waited_for_before_a_post_is_taken_for_not_published(
    scene: Scene, mail: MailRoom
) -> None:
    post = unconfirmed(scene)
    mail.arrive(K.PUBLISH_COMPLETE, publish_id="pub-1")
    assert refused_as(lambda: resolve_post(scene.context, KEY, post, "not_published", None)) == "post_busy"
    mail.work()
    said = refused_as(lambda: resolve_post(scene.context, KEY, post, "not_published", None))
    assert said == "tiktok_says_published"


def silence(scene: Scene, post: Post) -> None:
    """Let TikTok tell nothing more of a post, until it is unconfirmed."""
    scene.tiktok.statuses = [refusal("token_not_authorized_for_specified_publish_id", name="status/fetch")]
    scene.run(steps=60)
    assert scene.now(post).state is State.UNCONFIRMED


def hold(scene: Scene, post: Post) -> None:
    """Let our own code fail on a post until it is held."""
    claim = scene.stage.ledger.take(post.id, "me", ttl_ms=TTL)
    assert claim is not None
    failure = Failure(code="internal_error", message="?")
    scene.stage.ledger.release(claim.lease, next_at=None, change=Change(state=State.HELD, failure=failure))


@pytest.mark.parametrize("doubt", [silence, hold])
def test_what_tiktok_said_before_a_post_was_in_doubt_is_not_forgotten(
    scene: Scene, mail: MailRoom, doubt: Callable[[Scene, Post], None]
) -> None:
    post = in_processing(scene)
    mail.tell(K.PUBLISH_COMPLETE, publish_id="pub-1")
    doubt(scene, post)
    now = scene.now(post)
    said = refused_as(lambda: resolve_post(scene.context, KEY, now, "not_published", None))
    assert said == "tiktok_says_published"
    settled, _ = resolve_post(scene.context, KEY, now, "published", None)
    assert settled.state is State.PUBLISHED_PRIVATE


def test_a_status_that_is_behind_does_not_unsay_a_webhook(scene: Scene, mail: MailRoom) -> None:
    post = unconfirmed(scene)
    mail.tell(K.PUBLISH_COMPLETE, publish_id="pub-1")
    scene.tiktok.statuses = [status("PROCESSING_UPLOAD")]
    scene.step()
    assert scene.now(post).tiktok_status == "PUBLISH_COMPLETE"
    said = refused_as(lambda: resolve_post(scene.context, KEY, scene.now(post), "not_published", None))
    assert said == "tiktok_says_published"


def test_a_status_that_is_behind_does_not_unsay_another(scene: Scene) -> None:
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE")]
    post = scene.accept_video()
    scene.run(steps=3)
    scene.tiktok.statuses = [status("PROCESSING_UPLOAD")]
    scene.run(steps=3)
    silence(scene, post)
    now = scene.now(post)
    assert (now.tiktok_status, now.raw_status) == ("PUBLISH_COMPLETE", {"status": "PUBLISH_COMPLETE"})
    said = refused_as(lambda: resolve_post(scene.context, KEY, now, "not_published", None))
    assert said == "tiktok_says_published"


def test_an_id_that_is_no_longer_public_is_no_address_of_a_held_post(scene: Scene, mail: MailRoom) -> None:
    post = held_for_a_defect(scene)
    mail.tell(K.PUBLICLY_AVAILABLE, ago_ms=1000, publish_id="pub-1", post_id="76")
    assert scene.now(post).public_ids == ("76",)
    mail.tell(K.NO_LONGER_PUBLIC, publish_id="pub-1", post_id="76")
    settled, _ = resolve_post(scene.context, KEY, scene.now(post), "published", None)
    assert (settled.state, settled.public_ids) == (State.PUBLISHED_PRIVATE, ())


def test_a_failure_of_what_was_only_found_in_the_list_raises_an_alarm(scene: Scene, mail: MailRoom) -> None:
    post = unconfirmed(scene)
    claim = scene.stage.ledger.take(post.id, "me", ttl_ms=TTL)
    assert claim is not None
    found = Change(state=State.PUBLISHED_PUBLIC, public_ids=("76",))
    scene.stage.ledger.release(claim.lease, next_at=None, change=found)
    mail.tell(K.PUBLISH_FAILED, publish_id="pub-1", reason="spam_risk_text")
    assert scene.now(post).state is State.PUBLISHED_PUBLIC
    (alarm,) = alarms(scene)
    assert alarm["why"] == "TikTok says FAILED of a post that was taken for published without its word"


def test_a_publish_id_that_was_only_guessed_can_be_denied_with_a_warning(
    scene: Scene, mail: MailRoom
) -> None:
    post = with_a_void_attempt(scene)
    mail.tell(K.PUBLISH_COMPLETE, publish_id="pub-of-another-tool")
    mail.tell(K.PUBLICLY_AVAILABLE, publish_id="pub-of-another-tool", post_id="76")
    mail.tell(K.PUBLISH_FAILED, publish_id="pub-2", reason="spam_risk_text")
    settled, (warning, *_) = resolve_post(scene.context, KEY, scene.now(post), "not_published", None)
    assert (settled.state, settled.tiktok_status, settled.public_ids) == (State.FAILED, None, ())
    assert warning.endswith("Be sure that what was published is something else.")
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("77",))]
    retry_post(scene.context, KEY, settled, allow_repeat=False)
    scene.run()
    assert (scene.now(post).state, scene.now(post).public_ids) == (State.PUBLISHED_PUBLIC, ("77",))


@pytest.mark.parametrize("by", ["webhook", "status"])
def test_a_guess_is_no_guess_where_tiktok_has_said_it_of_our_own_task_too(
    scene: Scene, mail: MailRoom, by: str
) -> None:
    post = with_a_void_attempt(scene)
    if by == "webhook":
        mail.tell(K.PUBLISH_COMPLETE, publish_id="pub-2")
    else:
        scene.tiktok.statuses = [status("PUBLISH_COMPLETE")]
        scene.run(steps=2)
    mail.tell(K.PUBLISH_COMPLETE, publish_id="pub-lost")
    now = scene.now(post)
    assert now.state is State.HELD
    said = refused_as(lambda: resolve_post(scene.context, KEY, now, "not_published", None))
    assert said == "tiktok_says_published"


def test_an_id_that_another_post_was_taken_for_raises_an_alarm_about_that_one(
    scene: Scene, mail: MailRoom
) -> None:
    found = unconfirmed(scene)
    claim = scene.stage.ledger.take(found.id, "me", ttl_ms=TTL)
    assert claim is not None
    seen = Change(state=State.PUBLISHED_PUBLIC, public_ids=("76",))
    scene.stage.ledger.release(claim.lease, next_at=None, change=seen)
    scene.tiktok.statuses = [status("PROCESSING_UPLOAD")]
    post = scene.accept_video(input_hash="b" * 64)
    scene.step()
    mail.tell(K.PUBLICLY_AVAILABLE, publish_id=scene.now(post).publish_id, post_id="76")
    assert scene.now(post).state is State.PUBLISHED_PUBLIC
    (alarm,) = alarms(scene)
    assert alarm["why"] == "TikTok says that 76, which it was taken for, is another post"


def test_an_alarm_is_logged_as_an_error(scene: Scene, mail: MailRoom) -> None:
    post = with_a_void_attempt(scene)
    with capture_logs() as logs:
        mail.tell(K.PUBLISH_COMPLETE, publish_id="pub-lost")
    (line,) = [line for line in logs if line["event"] == "post_alarm"]
    assert (line["log_level"], line["post_id"]) == ("error", post.id)


def meanwhile(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, before: Callable[[], object], after: Callable[[], object]
) -> None:
    """Let something happen before the next post is taken in hand, and something when it has been."""
    take = scene.stage.ledger.take

    def taken(post_id: str, owner: str, *, ttl_ms: int) -> Claim | None:
        monkeypatch.setattr(scene.stage.ledger, "take", take)
        before()
        claim = take(post_id, owner, ttl_ms=ttl_ms)
        after()
        return claim

    monkeypatch.setattr(scene.stage.ledger, "take", taken)


def test_a_retry_just_before_the_post_is_in_hand_waits_and_sends_nothing_more(
    scene: Scene, mail: MailRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = failed_at_tiktok(scene)

    def retry() -> None:
        again = refused_as(lambda: retry_post(scene.context, KEY, post, allow_repeat=False))
        assert again == "post_busy"

    meanwhile(scene, monkeypatch, before=retry, after=lambda: None)
    mail.tell(K.PUBLICLY_AVAILABLE, publish_id=post.publish_id, post_id="7602997517160123666")
    assert scene.now(post).state is State.HELD


def test_a_pause_that_is_lifted_while_the_post_is_in_hand_leaves_it_due(
    scene: Scene, mail: MailRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = in_processing(scene)

    def ended_and_parked() -> None:
        scene.tiktok.statuses = [status("FAILED", reason="internal")]
        scene.stage.clock.advance(60_000)
        scene.step()
        begin_pause(scene.context, KEY, {"scope": "workspace"})
        scene.run()
        assert (scene.now(post).state, scene.now(post).next_at) == (State.SENDING, None)

    def lifted() -> None:
        lift_pause(scene.context, KEY, {"scope": "workspace"})

    meanwhile(scene, monkeypatch, before=ended_and_parked, after=lifted)
    mail.tell(K.PUBLISH_FAILED, publish_id="pub-1", reason="spam_risk")
    assert letters(mail) == [("post.publish.failed", "about attempt 1, which is rejected")]
    assert scene.now(post).next_at is not None
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    scene.run()
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


@pytest.mark.parametrize("ago_ms", [-HOUR, 3 * HOUR])
def test_a_void_attempt_outside_the_window_is_not_meant(scene: Scene, mail: MailRoom, ago_ms: int) -> None:
    post = with_a_void_attempt(scene)
    scene.stage.clock.advance(4 * HOUR if ago_ms < 0 else 0)
    mail.tell(K.PUBLISH_COMPLETE, ago_ms=ago_ms, publish_id="pub-lost")
    assert scene.stage.ledger.attempts(post.id)[0].publish_id is None
    assert alarms(scene) == []


def test_an_unknown_id_waits_while_the_account_has_an_init_under_way(scene: Scene, mail: MailRoom) -> None:
    scene.tiktok.statuses = [status("PROCESSING_UPLOAD")]
    scene.tiktok.during_init = lambda: mail.tell(K.PUBLISH_COMPLETE, publish_id="pub-1")
    post = scene.accept_video()
    scene.step()
    assert letters(mail) == [("post.publish.complete", "waits for a post in hand")]
    scene.stage.clock.advance(TTL)
    assert mail.work() == 1
    assert scene.now(post).next_at == scene.stage.clock.now()


def test_a_webhook_about_another_accounts_post_moves_nothing(scene: Scene, mail: MailRoom) -> None:
    post = in_processing(scene)
    mail.tell(K.PUBLICLY_AVAILABLE, open_id="open-b", publish_id="pub-1", post_id="76")
    assert scene.now(post).state is State.PROCESSING


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body, _now: (None, body),
        lambda body, _now: ("t=1,s=zz", body),
        lambda body, now: (signed(body, now, "another secret"), body),
        lambda body, now: (signed(body, now), body.replace(b"pub-1", b"pub-2")),
        lambda body, now: (signed(body, now - (TOLERANCE_S + 1) * 1000), body),
        lambda body, now: (signed(body, now), body + b" "),
    ],
    ids=["unsigned", "malformed", "other secret", "other body", "too old", "one byte more"],
)
def test_what_is_not_genuine_is_refused_and_not_kept(
    scene: Scene, mail: MailRoom, spoil: Callable[[bytes, int], tuple[str | None, bytes]]
) -> None:
    now = scene.stage.clock.now()
    header, body = spoil(webhook(K.PUBLISH_COMPLETE, now, {"publish_id": "pub-1"}), now)
    assert refused(mail, header, body) == "invalid_signature"
    assert letters(mail) == []


def test_an_unknown_app_is_refused_and_what_is_no_webhook_too(scene: Scene, mail: MailRoom) -> None:
    now = scene.stage.clock.now()
    body = webhook(K.PUBLISH_COMPLETE, now, {"publish_id": "pub-1"}, app="aw_other")
    assert refused(mail, signed(body, now), body) == "invalid_signature"
    assert refused(mail, signed(body, now, ""), body) == "invalid_signature"
    assert refused(mail, signed(b"[]", now), b"[]") == "bad_request"
    assert letters(mail) == []


def test_a_delivery_of_three_days_ago_is_taken(scene: Scene, mail: MailRoom) -> None:
    now = scene.stage.clock.now()
    body = webhook(K.PUBLISH_COMPLETE, now - 72 * HOUR, {"publish_id": "pub-1"})
    assert receive(mail.desk, signed(body, now - 72 * HOUR), body)


def test_a_defect_is_tried_again_and_at_last_left_for_a_person(
    scene: Scene, mail: MailRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail.accounts, "authorization_removed", lambda *_args, **_more: 1 // 0)
    mail.arrive(K.AUTHORIZATION_REMOVED)
    tries = 0
    while (due := mail.inbox.next_due()) is not None:
        scene.stage.clock.advance(max(0, due - scene.stage.clock.now()))
        tries += mail.work()
    assert tries == MAX_HOOK_DEFECTS
    assert letters(mail) == [("authorization.removed", "defect")]


def test_looking_slows_down_while_webhooks_arrive(scene: Scene, mail: MailRoom) -> None:
    assert not mail.desk.hears()
    mail.arrive(K.PUBLISH_COMPLETE, publish_id="pub-other")
    assert mail.desk.hears()
    scene.stage.clock.advance(HEARD_LATELY_MS)
    assert not mail.desk.hears()


def test_what_is_told_of_a_post_that_was_swept_touches_no_other(scene: Scene, mail: MailRoom) -> None:
    old = in_processing(scene)
    mail.tell(K.PUBLICLY_AVAILABLE, publish_id="pub-1", post_id="76")
    scene.stage.clock.advance(400 * 24 * HOUR)
    assert scene.stage.ledger.sweep_posts(START, life_ms=30 * 24 * HOUR).gone == 1
    assert scene.stage.ledger.post("w", old.id) is None
    new = with_a_void_attempt(scene)
    mail.tell(K.NO_LONGER_PUBLIC, publish_id="pub-1", post_id="76")
    assert letters(mail)[-1][1] == "kept: its post is no longer kept"
    assert scene.now(new).state is State.PROCESSING
    assert scene.stage.ledger.attempts(new.id)[0].publish_id is None
    assert alarms(scene) == []


def test_what_tiktok_said_of_a_post_is_known_for_as_long_as_somebody_may_deny_it(
    scene: Scene, mail: MailRoom
) -> None:
    post = in_processing(scene)
    mail.tell(K.PUBLISH_COMPLETE, publish_id="pub-1")
    silence(scene, post)
    scene.stage.clock.advance(400 * 24 * HOUR)
    assert scene.stage.ledger.sweep_webhooks(START).gone == 0
    assert scene.stage.ledger.sweep_posts(START, life_ms=30 * 24 * HOUR).gone == 0
    now = scene.now(post)
    said = refused_as(lambda: resolve_post(scene.context, KEY, now, "not_published", None))
    assert said == "tiktok_says_published"
    resolve_post(scene.context, KEY, now, "published", None)
    assert scene.stage.ledger.sweep_webhooks(START).gone == 1
