"""What the scripts of `examples/` say when something goes wrong: "not published" only when that is known."""

import re
import signal

import pytest

from tests.acceptance.running_examples import (
    ACCEPTED,
    ALL_EXAMPLES,
    FAILED,
    LOST,
    PENDING,
    PUBLISHED,
    VIDEO_EXAMPLES,
    Example,
    Reply,
    Run,
    ToldServer,
    answer,
    post_answer,
    refusal,
    told_server,
)
from tests.running import BuildHouse, House, free_port

pytest_plugins = ("tests.databases", "tests.running")

SOURCE = "https://media.example.com/clip.mp4"
NOT_PUBLISHED, UNKNOWN = 1, 2
PRIVACY = {
    "field": "privacy",
    "problem": "not_one_of",
    "got": '"everybody" \\ & "all"',
    "expected": "one of public, private",
    "fix": 'send "public"',
    "code": "invalid_request",
}
BODY = {"field": "", "problem": "not_json", "got": "a form", "expected": "", "fix": ""}

every = pytest.mark.parametrize("example", ALL_EXAMPLES, ids=lambda example: example.name)
video = pytest.mark.parametrize("example", VIDEO_EXAMPLES, ids=lambda example: example.name)


def told(example: Example, *replies: Reply, **given: str) -> tuple[Run, ToldServer]:
    """Run an example against a server that gives these answers, with little patience for a lost one."""
    with told_server(*replies) as server:
        rows = {"PRIVACY": "public", "RETRY_SECONDS": "1", **given}
        return example.run(server.url, SOURCE, **rows), server


def assert_unknown(example: Example, run: Run, server: ToldServer) -> None:
    """Assert that a script left open how its post ended, and said how to ask again."""
    assert run.returncode == UNKNOWN, run.stderr
    assert "not published" not in run.stderr
    assert "outcome unknown: post_1 was accepted" in run.stderr
    assert example.again_with(server.keys[0]) in run.stderr
    assert run.stdout == ""


@every
@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(LOST, id="no answer"),
        pytest.param(refusal(503, "server_draining"), id="draining"),
        pytest.param(Reply(502, "<html>Bad gateway</html>"), id="a proxy's page"),
        pytest.param(Reply(200, ""), id="an empty page"),
        pytest.param(refusal(401, "invalid_api_key"), id="a revoked key"),
        pytest.param(refusal(404, "post_not_found"), id="another ledger"),
        pytest.param(post_answer("pending", "unconfirmed", error="unconfirmed"), id="unconfirmed"),
    ],
)
def test_an_accepted_post_is_never_called_not_published_when_the_wait_goes_wrong(
    example: Example, reply: Reply
) -> None:
    run, server = told(example, ACCEPTED, reply)
    assert_unknown(example, run, server)


@every
def test_a_post_that_is_still_pending_in_the_end_has_an_unknown_outcome(example: Example) -> None:
    run, server = told(example, ACCEPTED, PENDING, PENDING_SECONDS="1")
    assert_unknown(example, run, server)
    assert "processing" in run.stderr


@every
def test_a_wait_that_was_not_answered_is_asked_again(example: Example) -> None:
    replies = ACCEPTED, LOST, Reply(502, "bad gateway"), refusal(503, "server_draining"), PENDING, PUBLISHED
    run, server = told(example, *replies, RETRY_SECONDS="30")
    assert (run.returncode, run.stdout) == (0, "https://example.com/@mia/video/7\n"), run.stderr
    assert [path.rpartition("/")[2] for path in server.paths[1:]] == ["wait_until_published"] * 5


@every
def test_a_failed_post_is_not_published_and_its_key_is_not_offered_again(example: Example) -> None:
    run, server = told(example, ACCEPTED, FAILED)
    assert run.returncode == NOT_PUBLISHED
    for line in (
        "not published: bad_request",
        "why: It is no video.",
        "field: source_url",
        "  got: a text",
        "  fix: send an MP4",
        "fix: Send a video.",
    ):
        assert line in run.stderr.splitlines()
    assert server.keys[0] not in run.stderr
    assert "mend it and run again (a new key is made)" in run.stderr


@every
def test_a_key_of_ones_own_that_is_bound_to_a_failed_post_must_be_changed(example: Example) -> None:
    run, server = told(example, FAILED, IDEMPOTENCY_KEY="row-7")
    assert run.returncode == NOT_PUBLISHED
    assert server.paths[1:] == []
    assert "mend it and run again with a new key" in run.stderr
    assert example.again_with("row-7") not in run.stderr


@every
def test_a_cancelled_post_has_no_empty_reasons(example: Example) -> None:
    run, _ = told(example, ACCEPTED, post_answer("failed", "cancelled"))
    assert run.returncode == NOT_PUBLISHED
    assert "not published: cancelled" in run.stderr
    assert not re.search(r"^\s*(why|fix|got|expected): *$", run.stderr, re.MULTILINE)


@every
def test_a_post_that_was_taken_down_is_no_success(example: Example) -> None:
    run, _ = told(example, ACCEPTED, post_answer("done", "removed", url_reason="removed"))
    assert (run.returncode, run.stdout) == (NOT_PUBLISHED, "")
    assert "removed" in run.stderr


@every
def test_a_refusal_is_told_with_every_detail(example: Example) -> None:
    run, server = told(example, refusal(400, "invalid_request", PRIVACY, BODY))
    assert run.returncode == NOT_PUBLISHED
    assert run.stderr.splitlines() == [
        "not published: invalid_request",
        "why: It is invalid_request.",
        "field: privacy",
        '  got: "everybody" \\ & "all"',
        "  expected: one of public, private",
        '  fix: send "public"',
        "field: (the request as a whole)",
        "  got: a form",
        "fix: Mend invalid_request.",
        "mend it and run again (a new key is made)",
    ]
    assert server.paths[1:] == []


@every
@pytest.mark.parametrize("body", ["", "<html>\n<p>Not here</p>", '{"detail": "Not here"}', '["Not here"]'])
@pytest.mark.parametrize("status", [301, 404, 501])
def test_another_server_is_told_by_what_was_called_and_what_came_back(
    example: Example, status: int, body: str
) -> None:
    run, server = told(example, Reply(status, body))
    assert run.returncode == NOT_PUBLISHED
    assert f"called: POST {server.url}/v1/operations/post_" in run.stderr
    assert f"came back: HTTP {status}, " in run.stderr
    assert ("Not here" if body else "an empty body") in run.stderr
    assert "POSTRAIL_URL" in run.stderr
    assert "why:" not in run.stderr
    assert example.again_with(server.keys[0]) not in run.stderr


@every
@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(LOST, id="no answer"),
        pytest.param(Reply(504, ""), id="a proxy's time-out"),
        pytest.param(Reply(200, '{"ok": true, "post_'), id="half an answer"),
        pytest.param(refusal(500, "internal_error"), id="a defect"),
    ],
)
def test_a_request_that_may_have_been_accepted_has_an_unknown_outcome(example: Example, reply: Reply) -> None:
    run, server = told(example, reply)
    assert run.returncode == UNKNOWN, run.stderr
    assert "outcome unknown: the post may have been accepted" in run.stderr
    assert "not published" not in run.stderr
    assert example.again_with(server.keys[0]) in run.stderr


@every
def test_where_no_server_is_nothing_is_posted_and_the_address_is_told(example: Example) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    run = example.run(url, SOURCE, PRIVACY="public", IDEMPOTENCY_KEY="row-7")
    assert run.returncode == NOT_PUBLISHED
    assert "not published: no connection" in run.stderr
    assert f"called: POST {url}/v1/operations/post_" in run.stderr
    assert "row-7" not in run.stderr
    assert not re.search(r"HTTPConnection|urllib3|Traceback|Errno|Expecting value", run.stderr)


@every
def test_slashes_at_the_end_of_the_address_do_no_harm(example: Example) -> None:
    with told_server(PUBLISHED) as server:
        run = example.run(f"{server.url}//", SOURCE, PRIVACY="public")
    assert run.returncode == 0, run.stderr
    assert server.paths[0].startswith("/v1/operations/post_")


@every
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WAIT_SECONDS", "90"),
        ("WAIT_SECONDS", "-1"),
        ("WAIT_SECONDS", "soon"),
        ("RETRY_SECONDS", "soon"),
        ("PENDING_SECONDS", "1.5"),
    ],
)
def test_seconds_that_cannot_be_used_are_refused_before_anything_is_posted(
    example: Example, name: str, value: str
) -> None:
    run, server = told(example, ACCEPTED, **{name: value})
    assert run.returncode == NOT_PUBLISHED
    assert name in run.stderr.upper().replace("-", "_")
    assert server.paths == []


@every
def test_without_arguments_it_shows_how_it_is_used(example: Example) -> None:
    run = example.run("http://127.0.0.1:8000")
    assert run.returncode == NOT_PUBLISHED
    assert "usage" in run.stderr.lower()
    assert "https://media.example.com/" in run.stderr
    assert "PRIVACY" in run.stderr.upper()


@every
@pytest.mark.parametrize(("url", "key"), [("", "k"), ("http://127.0.0.1:8000", ""), ("not an address", "k")])
def test_without_a_server_or_a_key_it_says_what_to_set(example: Example, url: str, key: str) -> None:
    run = example.run(url, SOURCE, key=key, PRIVACY="public")
    assert run.returncode == NOT_PUBLISHED
    assert ("POSTRAIL_KEY" if not key else "POSTRAIL_URL") in run.stderr
    assert "Traceback" not in run.stderr


@video
def test_a_second_video_is_refused_instead_of_left_out(example: Example) -> None:
    with told_server(ACCEPTED) as server:
        run = example.run(server.url, SOURCE, SOURCE, PRIVACY="public")
    assert run.returncode == NOT_PUBLISHED
    assert "usage" in run.stderr.lower()
    assert server.paths == []


@every
def test_a_receipt_full_of_quotes_does_not_hide_the_answer(example: Example) -> None:
    typed = '"state": "failed", "post_url": "http://elsewhere/" \\ \\" {[,:'
    coerced = [{"field": "title", "from": typed, "to": None, "rule": "text"}]
    done = post_answer("done", "published_public", post_url="https://example.com/1", coerced=coerced)
    run, _ = told(example, ACCEPTED, done)
    assert (run.returncode, run.stdout) == (0, "https://example.com/1\n"), run.stderr


def slow_house(build_house: BuildHouse) -> House:
    house = build_house()
    house.witness.set_dial(mode="seconds", processing=3, moderation=0)
    return house


@video
def test_a_server_that_is_restarted_while_a_script_waits_still_gives_it_the_address(
    build_house: BuildHouse, example: Example
) -> None:
    house = slow_house(build_house)
    given = {"PRIVACY": "public", "TITLE": "restarted"}
    with example.running(house.url, f"{house.media_url}/clip.mp4", key=house.key, **given) as script:
        assert script.stderr is not None
        assert "accepted as post_" in script.stderr.readline()
        house.kill()
        house.start()
        out, err = script.communicate(timeout=90)
    assert script.returncode == 0, err
    assert [out.strip()] == [post["share_url"] for post in house.witness.posts("restarted")]


@every
def test_a_server_that_stays_away_leaves_the_outcome_unknown_and_the_key_finds_it_later(
    build_house: BuildHouse, example: Example
) -> None:
    house = slow_house(build_house)
    source = f"{house.media_url}/{'one.jpg' if example.name == 'photos' else 'clip.mp4'}"
    given = {"PRIVACY": "public", "TITLE": "away", "RETRY_SECONDS": "1", "IDEMPOTENCY_KEY": "row-7"}
    with example.running(house.url, source, key=house.key, **given) as script:
        assert script.stderr is not None
        script.stderr.readline()
        house.kill()
        _, err = script.communicate(timeout=60)
    assert script.returncode == UNKNOWN
    assert "not published" not in err
    assert example.again_with("row-7") in err
    house.start()
    again = example.run(house.url, source, key=house.key, **given)
    assert [again.stdout.strip()] == [post["share_url"] for post in house.witness.posts("away")]


@every
def test_a_refusal_of_the_real_server_names_each_field(house: House, example: Example) -> None:
    run = example.run(house.url, "no address", key=house.key, PRIVACY="public", TITLE="x" * 3000)
    assert run.returncode == NOT_PUBLISHED
    assert "not published: bad_request" in run.stderr
    assert re.search(
        r'^field: (source_url|photo_images\[0\])\n  got: "no address"\n', run.stderr, re.MULTILINE
    )
    assert re.search(r"^field: title\n  got: .*3000", run.stderr, re.MULTILINE)


@every
def test_an_answer_that_is_json_of_another_server_is_not_taken_for_postrails(example: Example) -> None:
    run, _ = told(example, answer(400, error="nope"))
    assert run.returncode == NOT_PUBLISHED
    assert "came back: HTTP 400" in run.stderr


@every
def test_a_script_that_is_interrupted_tells_the_key_that_finds_its_post(example: Example) -> None:
    with (
        told_server(ACCEPTED, PENDING) as server,
        example.running(server.url, SOURCE, key="k", PRIVACY="public") as script,
    ):
        assert script.stderr is not None
        script.stderr.readline()
        script.send_signal(signal.SIGINT)
        _, err = script.communicate(timeout=30)
    assert script.returncode == UNKNOWN
    assert "outcome unknown: this" in err
    assert example.again_with(server.keys[0]) in err
