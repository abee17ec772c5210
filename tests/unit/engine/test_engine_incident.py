"""People settle posts, have them tried anew, pause and resume, with a TikTok that follows a script."""

from dataclasses import replace
from typing import Any

import pytest

from connector.domain.chunks import CHUNK_SIZE
from connector.domain.lifecycle import AttemptState, State
from connector.domain.retry import MAX_ATTEMPTS
from connector.engine.auditing import read_audit
from connector.engine.claim import InHand, work_on
from connector.engine.deciding import deed_of
from connector.engine.model import Change, Failure, Post, Principal
from connector.engine.model_accounts import Pair
from connector.engine.pausing import begin_pause, let_go, lift_pause, pause_of
from connector.engine.ports import Call, Uploaded
from connector.engine.resolving import resolve_post, retry_post
from connector.kernel.errors import PostrailError
from tests.fakes.scripted import Scene, refusal, status
from tests.ledgers import new_grant, new_tokens

pytest_plugins = ("tests.engine_scene",)

KEY = Principal(workspace_id="w", key_id="key_1", name="n8n", scopes=frozenset({"posts:read", "posts:write"}))
BOUND = replace(KEY, key_id="key_2", account_id="a")
OPERATOR = replace(KEY, key_id="cli", name="cli", is_operator=True)
URL = "https://tiktok.example/@user_a/video/7602997517160123666"
PUBLIC = status("PUBLISH_COMPLETE", ids=("76",))


def doubtful(scene: Scene, **given: Any) -> Post:  # noqa: ANN401 - any field of the input
    """Have a post whose last chunk may have arrived and of which TikTok tells nothing."""
    plain = {"source_url": "https://m.example/v.mp4", "privacy": "PUBLIC_TO_EVERYONE"}
    post = scene.accept_video(input={**plain, **given})
    scene.tiktok.statuses = [refusal("token_not_authorized_for_specified_publish_id", name="status/fetch")]
    scene.run(steps=60)
    assert scene.now(post).state is State.UNCONFIRMED
    scene.tiktok.statuses = [PUBLIC]
    return scene.now(post)


def failed(scene: Scene, code: str = "spam_risk_too_many_posts") -> Post:
    """Have a post whose init TikTok has refused."""
    scene.tiktok.inits = [refusal(code), "then as usual"]
    scene.tiktok.statuses = [PUBLIC]
    post = scene.accept_video()
    scene.step()
    assert scene.now(post).state is State.FAILED
    return scene.now(post)


def code_of(call: Any, *args: Any, **more: Any) -> str:  # noqa: ANN401 - any use case
    """Return the code that a call is refused with."""
    with pytest.raises(PostrailError) as caught:
        call(*args, **more)
    return caught.value.code


def test_a_post_that_was_seen_is_public_at_the_address_that_was_given(scene: Scene) -> None:
    post, said = resolve_post(scene.context, KEY, doubtful(scene), "published", URL)
    assert (post.state, post.public_ids, post.failure) == (
        State.PUBLISHED_PUBLIC,
        ("7602997517160123666",),
        None,
    )
    assert said == ["Its privacy is PUBLIC_TO_EVERYONE: it counts as public."]
    decisions = [entry.decision for entry in scene.stage.ledger.timeline(post.id)]
    assert "n8n (key_1) says that TikTok has published it as 7602997517160123666" in decisions


@pytest.mark.parametrize("url", [None, "https://tiktok.example/@user_b/video/7602997517160123666", "nothing"])
def test_a_public_post_is_settled_only_by_an_address_that_can_be_its_own(
    scene: Scene, url: str | None
) -> None:
    post = doubtful(scene)
    assert code_of(resolve_post, scene.context, KEY, post, "published", url) == "invalid_request"
    assert scene.now(post) == post


def test_the_address_of_another_post_settles_nothing_and_names_that_post(scene: Scene) -> None:
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("7602997517160123666",))]
    known = scene.accept_video(input_hash="b" * 64)
    scene.run()
    post = doubtful(scene, title="another")
    with pytest.raises(PostrailError) as caught:
        resolve_post(scene.context, KEY, post, "published", URL)
    (problem,) = caught.value.details
    assert (caught.value.code, problem.field, problem.problem) == (
        "invalid_request",
        "post_url",
        "another_post",
    )
    assert known.id in problem.fix
    assert scene.now(post) == post


def test_a_private_post_that_was_seen_needs_no_address(scene: Scene) -> None:
    scene.tiktok.statuses = []
    found = doubtful(scene, privacy="SELF_ONLY")
    post, _ = resolve_post(scene.context, KEY, found, "published", None)
    assert (post.state, post.public_ids) == (State.PUBLISHED_PRIVATE, ())


def test_whoever_says_that_it_is_not_there_is_warned_that_it_may_still_come(scene: Scene) -> None:
    post, (warning,) = resolve_post(scene.context, KEY, doubtful(scene), "not_published", None)
    assert post.failure is not None
    assert (post.state, post.failure.code) == (State.FAILED, "resolved_not_published")
    assert "it could still publish it" in warning
    assert scene.stage.attempt_states(post.id) == [AttemptState.REJECTED]


def test_a_post_that_was_settled_as_not_published_can_be_tried_anew(scene: Scene) -> None:
    doubted = doubtful(scene)
    assert code_of(retry_post, scene.context, KEY, doubted, allow_repeat=False) == "post_unresolved"
    post, _ = resolve_post(scene.context, KEY, doubted, "not_published", None)
    queued, (warning,) = retry_post(scene.context, KEY, post, allow_repeat=False)
    assert (queued.state, queued.publish_id) == (State.QUEUED, None)
    assert "TikTok had accepted this post as pub-1" in warning
    scene.run()
    assert scene.now(post).state is State.PUBLISHED_PUBLIC
    assert scene.stage.attempt_states(post.id) == [AttemptState.REJECTED, AttemptState.ACCEPTED]


def test_what_is_settled_is_not_settled_again(scene: Scene) -> None:
    post, _ = resolve_post(scene.context, KEY, doubtful(scene), "not_published", None)
    assert code_of(resolve_post, scene.context, KEY, post, "published", URL) == "post_not_resolvable"


def test_a_refused_post_is_sent_again_as_it_is_without_being_fetched(scene: Scene) -> None:
    post = failed(scene)
    fetched = len(scene.media.terms)
    scene.stage.clock.advance(60_000)
    retry_post(scene.context, KEY, post, allow_repeat=False)
    scene.run()
    assert scene.now(post).state is State.PUBLISHED_PUBLIC
    assert len(scene.media.terms) == fetched


def test_attempts_are_counted_from_the_retry_on(scene: Scene) -> None:
    scene.tiktok.inits = [refusal("tiktok_unreachable", "unknown")]
    post = scene.accept_video()
    scene.run(steps=40)
    retry_post(scene.context, KEY, scene.now(post), allow_repeat=False)
    scene.run(steps=40)
    failure = scene.now(post).failure
    assert failure is not None
    assert failure.code == "attempts_exhausted"
    assert len(scene.stage.attempt_states(post.id)) == 2 * MAX_ATTEMPTS


def test_a_retry_waits_for_a_slot_of_its_accounts_rate(scene: Scene) -> None:
    first, second, third = failed(scene), failed_again(scene, "b1"), failed_again(scene, "b2")
    due = [
        retry_post(scene.context, KEY, post, allow_repeat=True)[0].next_at for post in (first, second, third)
    ]
    gaps = [at - scene.stage.clock.now() for at in due if at is not None]
    assert gaps == sorted(gaps)
    assert gaps[-1] >= 20_000


def test_a_retry_that_is_refused_takes_no_slot_of_its_accounts_rate(scene: Scene) -> None:
    post = failed(scene)
    scene.stage.clock.advance(60_000)
    twin = scene.accept_video()
    for _ in range(10):
        assert code_of(retry_post, scene.context, KEY, post, allow_repeat=False) == "retry_superseded"
    scene.run()
    assert scene.now(twin).state is State.PUBLISHED_PUBLIC
    queued, _ = retry_post(scene.context, KEY, post, allow_repeat=True)
    assert queued.next_at == scene.stage.clock.now()


def failed_again(scene: Scene, title: str) -> Post:
    """Have one more post whose init was refused, of another input."""
    scene.tiktok.inits = [refusal("spam_risk_too_many_posts"), "then as usual"]
    given = {"source_url": "https://m.example/v.mp4", "privacy": "PUBLIC_TO_EVERYONE", "title": title}
    post = scene.accept_video(input=given, input_hash=title * 32)
    scene.run(steps=4)
    assert scene.now(post).state is State.FAILED
    return scene.now(post)


def test_a_post_whose_files_are_gone_stays_failed(scene: Scene) -> None:
    post = failed(scene)
    scene.intake.missing.add("source_url")
    assert code_of(retry_post, scene.context, KEY, post, allow_repeat=False) == "media_expired"
    assert scene.now(post) == post


def test_a_post_of_an_upload_that_is_forgotten_stays_failed(scene: Scene) -> None:
    given = {"source_url": "media_01J9Z3K8Q4T2W6Y1X5V7B0N3M8", "privacy": "PUBLIC_TO_EVERYONE"}
    post = scene.accept_video(input=given)
    scene.run()
    assert scene.now(post).state is State.FAILED
    assert code_of(retry_post, scene.context, KEY, scene.now(post), allow_repeat=False) == "media_expired"


def test_a_post_of_an_account_that_nobody_may_act_for_stays_failed(scene: Scene) -> None:
    post = failed(scene)
    scene.stage.grants.end("grant-a", "reconnect", "access_token_invalid")
    assert code_of(retry_post, scene.context, KEY, post, allow_repeat=False) == "account_needs_reconnect"
    again = new_grant("a", tokens=new_tokens(pair=Pair(access="act.again", refresh="rft.again")))
    scene.stage.grants.connect(again)
    assert retry_post(scene.context, KEY, post, allow_repeat=False)[0].state is State.QUEUED


def test_while_an_account_is_paused_nothing_of_it_reaches_tiktok(scene: Scene) -> None:
    body = begin_pause(scene.context, BOUND, {"scope": "account", "reason": "wrong price"})
    rows: Any = body["pauses"]
    (row,) = rows
    assert (body["changed"], row["name"], row["by"]) == (True, "@user_a", "n8n (key_2)")
    post = scene.accept_video()
    scene.run()
    assert scene.tiktok.calls == []
    told = pause_of(scene.context, scene.now(post))
    assert told is not None
    assert str(told["message"]).startswith("paused by n8n (key_2) since 20")
    assert told["reason"] == "wrong price"
    scene.tiktok.statuses = [PUBLIC]
    lifted, said = lift_pause(scene.context, BOUND, {"scope": "account"})
    assert (lifted["changed"], lifted["released"], lifted["pauses"], said) == (True, 1, [], [])
    scene.run()
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_a_pause_that_comes_while_tiktok_is_being_called_lets_no_byte_leave(scene: Scene) -> None:
    post = scene.accept_video()
    scene.tiktok.during_init = lambda: None if paused else paused.append(stop())
    paused: list[object] = []

    def stop() -> object:
        return begin_pause(scene.context, KEY, {"scope": "workspace"})

    scene.run()
    assert [call for call in scene.tiktok.calls if call.startswith("put")] == []
    assert scene.stage.attempt_states(post.id) == [AttemptState.VOID]
    decisions = [entry.decision for entry in scene.stage.ledger.timeline(post.id)]
    assert "a pause has come meanwhile: no byte leaves for this attempt" in decisions
    scene.tiktok.statuses = [PUBLIC]
    lift_pause(scene.context, KEY, {"scope": "workspace"})
    scene.run()
    assert scene.now(post).state is State.PUBLISHED_PUBLIC
    assert scene.stage.attempt_states(post.id) == [AttemptState.VOID, AttemptState.ACCEPTED]


def test_an_upload_under_way_is_finished_under_a_pause_and_its_status_is_asked(scene: Scene) -> None:
    post = scene.accept_video()
    held = Uploaded(uploaded=0, complete=False, call=Call(name="PUT upload", status=416))
    scene.tiktok.chunks = [held]
    scene.tiktok.statuses = [PUBLIC]
    scene.step()
    begin_pause(scene.context, KEY, {"scope": "workspace"})
    assert pause_of(scene.context, scene.now(post)) is None
    scene.run()
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_an_upload_that_fails_under_a_pause_begins_no_new_attempt(scene: Scene) -> None:
    scene.media.size = 20 * CHUNK_SIZE
    post = scene.accept_video()
    scene.tiktok.chunks = [Uploaded(uploaded=0, complete=False, call=Call(name="PUT upload", status=416))]
    scene.step()
    begin_pause(scene.context, KEY, {"scope": "workspace"})
    scene.tiktok.chunks = [refusal("access_denied", name="PUT upload")]
    scene.run()
    assert scene.stage.attempt_states(post.id) == [AttemptState.REJECTED]
    assert scene.tiktok.calls.count("init video") == 1
    assert pause_of(scene.context, scene.now(post)) is not None


def test_a_post_that_missed_its_slot_is_given_another(scene: Scene) -> None:
    posts = [
        scene.accept_video(
            input={"source_url": "https://m.example/v.mp4", "title": f"{n}"}, input_hash=f"{n}" * 64
        )
        for n in range(3)
    ]
    begin_pause(scene.context, KEY, {"scope": "workspace"})
    for post in posts:
        claim = scene.stage.ledger.take(post.id, "me", ttl_ms=10_000)
        assert claim is not None
        scene.stage.ledger.save(claim.lease, Change(state=State.FETCHING))
        item = scene.media.take_in("https://m.example/v.mp4", "video", field_path="source_url")
        scene.stage.ledger.save(claim.lease, Change(media=(item,)))
        scene.stage.ledger.park(claim.lease)
    scene.stage.clock.advance(600_000)
    lift_pause(scene.context, KEY, {"scope": "workspace"})
    waits = [(scene.now(post).next_at or 0) - scene.stage.clock.now() for post in posts]
    assert waits == sorted(waits)
    assert waits[-1] >= 20_000


def test_another_process_finishes_a_resume_that_was_cut_short(scene: Scene) -> None:
    post = scene.accept_video()
    begin_pause(scene.context, KEY, {"scope": "workspace"})
    scene.run()
    scope = scene.stage.ledger.pauses("w")[0].scope
    scene.stage.ledger.end_pause(scope, deed_of(KEY, "resume", "workspace w"))
    assert scene.now(post).next_at is None
    assert let_go(scene.context) == 1
    assert scene.now(post).next_at is not None
    assert let_go(scene.context) == 0


@pytest.mark.parametrize(
    ("caller", "given", "code"),
    [
        (KEY, {"scope": "all"}, "forbidden"),
        (BOUND, {"scope": "workspace"}, "forbidden"),
        (BOUND, {"scope": "app"}, "forbidden"),
        (BOUND, {"scope": "account", "account": "@user_b"}, "account_not_found"),
        (KEY, {"scope": "account"}, "account_required"),
        (KEY, {"scope": "app", "app": "nobody"}, "invalid_request"),
    ],
)
def test_a_key_reaches_what_is_its_own(
    scene: Scene, caller: Principal, given: dict[str, object], code: str
) -> None:
    assert code_of(begin_pause, scene.context, caller, given) == code
    assert code_of(lift_pause, scene.context, caller, given) == code
    assert scene.stage.ledger.pauses("w") == []


def test_the_operator_pauses_everything_and_every_workspaces_posts_of_an_app(scene: Scene) -> None:
    begin_pause(scene.context, OPERATOR, {"scope": "all"})
    begin_pause(scene.context, OPERATOR, {"scope": "app"})
    begin_pause(scene.context, KEY, {"scope": "app"})
    scopes = [(found.scope.kind, found.scope.workspace_id) for found in scene.stage.ledger.pauses("w")]
    assert sorted(scopes) == [("all", ""), ("app", ""), ("app", "w")]


def test_a_resume_tells_what_keeps_the_posts_all_the_same(scene: Scene) -> None:
    begin_pause(scene.context, OPERATOR, {"scope": "all"})
    begin_pause(scene.context, KEY, {"scope": "account", "account": "a"})
    scene.accept_video()
    scene.run()
    lifted, said = lift_pause(scene.context, KEY, {"scope": "account", "account": "a"})
    assert (lifted["changed"], lifted["released"]) == (True, 0)
    assert [sentence.partition(" since ")[0] for sentence in said] == ["everything is still paused by cli"]
    again, _ = lift_pause(scene.context, KEY, {"scope": "account", "account": "a"})
    assert again["changed"] is False


def test_a_bound_key_is_not_told_of_pauses_of_other_accounts(scene: Scene) -> None:
    begin_pause(scene.context, KEY, {"scope": "account", "account": "b"})
    body = begin_pause(scene.context, BOUND, {"scope": "account"})
    assert [row["name"] for row in body["pauses"]] == ["@user_a"]  # type: ignore[attr-defined] # rows


def test_what_people_did_is_read_by_keys_of_the_whole_workspace_alone(scene: Scene) -> None:
    begin_pause(scene.context, KEY, {"scope": "workspace", "reason": "token=abc"})
    lift_pause(scene.context, OPERATOR, {"scope": "workspace"})
    body = read_audit(scene.context, KEY)
    lines: Any = body["audit"]
    assert [(line["who"], line["action"]) for line in lines] == [("cli", "resume"), ("key_1", "pause")]
    assert (lines[1]["target"], lines[1]["note"]) == ("workspace w", "token=[hidden]")
    assert read_audit(scene.context, KEY, limit=1)["next_before"] == lines[0]["id"]
    assert code_of(read_audit, scene.context, BOUND) == "forbidden"


def test_a_held_post_is_settled_as_an_unconfirmed_one(scene: Scene) -> None:
    post = scene.accept_video()
    scene.tiktok.statuses = [status("PROCESSING_UPLOAD")]
    scene.step()
    claim = scene.stage.ledger.take(post.id, "me", ttl_ms=10_000)
    assert claim is not None
    failure = Failure(code="internal_error", message="?")
    scene.stage.ledger.release(claim.lease, next_at=None, change=Change(state=State.HELD, failure=failure))
    settled, _ = resolve_post(scene.context, KEY, scene.now(post), "published", "7602997517160123666")
    assert settled.state is State.PUBLISHED_PUBLIC


def test_a_lost_pause_leaves_no_trace_of_a_defect(scene: Scene) -> None:
    post = scene.accept_video()
    claim = scene.stage.claim()
    begin_pause(scene.context, KEY, {"scope": "workspace"})
    work_on(scene.context, claim, InHand())
    assert (scene.now(post).tries, scene.now(post).next_at) == (0, None)
