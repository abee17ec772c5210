"""An incident with real processes: doubt is settled, failures tried anew, everything stops and goes on."""

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from connector.cli.main import cli
from tests.fakes.hooks import signed, webhook
from tests.running import CLOCK, Answer, BuildHouse, House, call, eventually

pytest_plugins = ("tests.databases", "tests.running")

PAGE = (Path(__file__).parents[2] / "docs" / "incident.md").read_text()
COMMANDS = [
    line.strip()
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]
SILENT = {
    "endpoint": "status/fetch",
    "what": "refuse",
    "code": "token_not_authorized_for_specified_publish_id",
    "times": None,
}
LOST = {"endpoint": "upload", "what": "lose", "after_effect": True}
UNLISTED = {"endpoint": "video/list", "what": "refuse", "code": "scope_not_authorized", "times": None}
"""A creator who has not allowed that their videos are listed: only a person can look."""


def plant(house: House, *rules: Mapping[str, object], listed: bool = False) -> None:
    """Have these go wrong at the sandbox, and nothing else; its videos can be listed where `listed`."""
    every = [*([] if listed else [UNLISTED]), *rules]
    answer = call("PUT", f"{house.witness.url}/_sandbox/rules", json={"rules": every})
    assert answer.status == 200, answer.content


def doubtful(house: House, title: str, **more: object) -> str:
    """Have a video whose last answer is lost and of which TikTok tells nothing more."""
    plant(house, LOST, SILENT)
    house.witness.change_app(webhook_url=None)
    told = house.run("post_video", house.video(title, **more)).body
    outcome = house.wait(told["post_id"])
    assert (outcome["status"], outcome["error"]) == ("unconfirmed", "unconfirmed"), outcome
    plant(house)
    return str(told["post_id"])


def refused(house: House, title: str) -> str:
    """Have a video whose init TikTok refuses for a reason that passes."""
    plant(
        house, {"endpoint": "video/init", "what": "refuse", "code": "spam_risk_too_many_posts", "status": 403}
    )
    told = house.run("post_video", house.video(title)).body
    assert house.wait(told["post_id"])["error"] == "spam_risk_too_many_posts"
    plant(house)
    return str(told["post_id"])


def url_of(house: House, title: str) -> str:
    """Return where the sandbox shows a post, as a person would find it there."""
    (post,) = eventually(lambda: house.witness.posts(title), what="the post at the sandbox")
    account = house.run("list_accounts", {}).body["accounts"][0]
    return f"{house.witness.url}/@{account['username']}/video/{post['post_id']}"


def at_once(*calls: Callable[[], Answer]) -> list[Answer]:
    """Make calls at the same instant."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(one) for one in calls]]


def test_a_post_whose_last_answer_was_lost_is_settled_by_one_of_two_people(
    ledger_settings: dict[str, str], build_house: BuildHouse
) -> None:
    house = build_house(**ledger_settings)
    post_id = doubtful(house, "seen")
    seen = {"post_id": post_id, "outcome": "published", "post_url": url_of(house, "seen")}
    gone = {"post_id": post_id, "outcome": "not_published"}
    answers = at_once(*[lambda rows=rows: house.run("resolve_post", rows) for rows in (seen, gone, seen)])
    heard = [answer.body for answer in answers if answer.status == 200]
    assert len(heard) == 1
    others = {answer.body["error"] for answer in answers if answer.status != 200}
    assert others <= {"post_not_resolvable", "post_busy"}
    assert house.status(post_id)["status"] == heard[0]["status"]
    (line,) = house.call("GET", "/v1/audit").body["audit"]
    assert (line["action"], line["target"], line["before"]) == ("resolve_post", post_id, "unconfirmed")
    assert (line["after"], line["who_name"]) == (heard[0]["status"], "first")


def test_a_post_of_which_tiktok_tells_nothing_is_found_among_its_accounts_posts(
    ledger_settings: dict[str, str], build_house: BuildHouse
) -> None:
    house = build_house(**ledger_settings)
    house.witness.change_app(webhook_url=None)
    plant(house, LOST, SILENT, listed=True)
    told = [house.run("post_video", house.video(title)).body for title in ("here", "and here")]
    for post, title in zip(told, ("here", "and here"), strict=True):
        outcome = house.wait(post["post_id"])
        (shown,) = house.witness.posts(title)
        assert (outcome["status"], outcome["tiktok_post_ids"]) == (
            "published_public",
            [str(shown["post_id"])],
        )
        lines = house.status(post["post_id"])["timeline"]
        (found,) = [line for line in lines if line["call"] == "video/list"]
        assert found["decision"].startswith(f"found as {shown['post_id']}, the same caption")
    assert house.witness.inits() == 2


def test_what_tiktok_has_said_is_published_is_shown_and_taken_for_nothing_else(
    build_house: BuildHouse,
) -> None:
    house = build_house()
    post_id = doubtful(house, "told")
    plant(house, SILENT)
    app, now = house.witness.app(), CLOCK.now()
    publish_id = house.status(post_id)["publish_id"]
    body = webhook("post.publish.complete", now, {"publish_id": publish_id}, app=app["client_key"])
    headers = {"TikTok-Signature": signed(body, now, app["client_secret"])}
    assert call("POST", f"{house.url}/webhooks/tiktok", data=body, headers=headers).status == 200
    eventually(
        lambda: house.status(post_id)["tiktok_status"] == "PUBLISH_COMPLETE", what="the word of the webhook"
    )
    home = str(house.home)
    assert "TikTok says: PUBLISH_COMPLETE" in house.command("posts", "show", post_id, "--home", home).stdout
    gone = house.run("resolve_post", {"post_id": post_id, "outcome": "not_published"})
    assert (gone.status, gone.body["error"]) == (409, "tiktok_says_published")
    again = house.run("retry_post", {"post_id": post_id})
    assert (again.status, again.body["error"]) == (409, "post_unresolved")
    seen = house.run("resolve_post", {"post_id": post_id, "outcome": "published"}).body
    assert (seen["status"], house.witness.inits()) == ("published_private", 1)


def test_only_after_a_person_has_said_that_it_is_not_there_is_a_post_sent_again(
    build_house: BuildHouse,
) -> None:
    house = build_house()
    post_id = doubtful(house, "again")
    early = house.run("retry_post", {"post_id": post_id})
    assert (early.status, early.body["error"]) == (409, "post_unresolved")
    settled = house.run("resolve_post", {"post_id": post_id, "outcome": "not_published"}).body
    assert (settled["status"], settled["error"]) == ("failed", "resolved_not_published")
    assert any("could still publish it" in warning for warning in settled["warnings"])
    queued = house.run("retry_post", {"post_id": post_id})
    assert (queued.status, queued.body["post_id"]) == (202, post_id)
    assert house.wait(post_id)["status"] == "published_public"
    assert house.witness.inits() == 2


def test_a_refused_post_is_tried_anew_under_its_key_and_one_at_fault_is_not(build_house: BuildHouse) -> None:
    house = build_house()
    post_id = refused(house, "later")
    answers = at_once(*[lambda: house.run("retry_post", {"post_id": post_id})] * 3)
    assert sorted(answer.status for answer in answers) == [202, 409, 409]
    assert house.wait(post_id)["status"] == "published_public"
    assert len(house.witness.posts("later")) == 1
    wrong = house.run("post_video", house.video("#fault:duration_check_failed")).body["post_id"]
    assert house.wait(wrong)["error"] == "duration_check_failed"
    told = house.run("retry_post", {"post_id": wrong})
    assert (told.status, told.body["error"]) == (409, "retry_useless")


def test_an_upload_under_way_is_finished_while_its_account_is_paused(build_house: BuildHouse) -> None:
    house = build_house()
    house.witness.set_faults(hold_upload_after_bytes=65_536)
    rows = house.video("half", source_url=f"{house.media_url}/big.mp4")
    post_id = house.run("post_video", rows).body["post_id"]
    eventually(lambda: house.witness.bytes_in_flight() >= 65_536, what="half a video at the sandbox")
    house.run("pause", {"scope": "account", "account": "@sandbox_creator"})
    house.witness.set_faults()
    assert house.wait(post_id)["status"] == "published_public"


def test_a_key_of_one_account_pauses_that_account_alone_and_reads_no_audit(house: House) -> None:
    home = str(house.home)
    issued = house.command("keys", "issue", "--home", home, "--account", "@sandbox_creator")
    key = issued.stdout.strip()
    for scope, code in (("workspace", "forbidden"), ("app", "forbidden"), ("all", "forbidden")):
        answer = house.run("pause", {"scope": scope}, key=key)
        assert (answer.status, answer.body["error"]) == (403, code)
    assert house.call("GET", "/v1/audit", key=key).status == 403
    assert house.run("pause", {"scope": "all"}).status == 403
    assert house.call("GET", "/v1/audit", key="").status == 401
    assert house.call("GET", "/v1/audit?limit=none").status == 400


def test_a_refusal_on_the_command_line_says_what_to_do(house: House) -> None:
    home = str(house.home)
    told = house.command("posts", "resolve", "post_nobody", "--not-published", "--home", home)
    assert (told.returncode, "post_not_found" in told.stderr, "What to do:" in told.stderr) == (1, True, True)
    as_json = house.command("posts", "retry", "post_nobody", "--json", "--home", home)
    assert (as_json.returncode, '"error": "post_not_found"' in as_json.stdout) == (1, True)
    both = house.command("posts", "resolve", "post_nobody", "--home", home)
    assert (both.returncode, "--not-published" in both.stderr) == (2, True)


@pytest.mark.parametrize("word", ["posts", "pause", "resume", "audit"])
def test_every_command_of_an_incident_has_an_example(word: str) -> None:
    told = CliRunner().invoke(cli, [word, "--help"]).output
    names = re.findall(r"^  ([a-z]+) ", told.partition("Commands:")[2], re.MULTILINE)
    assert names or word == "audit"
    for name in names:
        assert "xample" in CliRunner().invoke(cli, [word, name, "--help"]).output


def test_every_command_of_the_page_works_beside_a_running_server(build_house: BuildHouse) -> None:
    house = build_house()
    seen, gone = doubtful(house, "there"), doubtful(house, "not there")
    values = {"$ACCOUNT": "@sandbox_creator", "$URL": url_of(house, "there")}
    told: dict[str, Any] = {}
    for command in COMMANDS:
        values["$POST"] = seen if "--published" in command else gone
        done = run(house, command, values)
        assert done.exit_code == 0, (command, done.stderr)
        told[command] = done.stdout + done.stderr
    assert gone in told["postrail posts list --state unconfirmed --state held"]
    waiting = "Waiting for a person: 0 held, 2 unconfirmed."
    assert waiting in told["postrail posts list --state unconfirmed --state held"]
    assert "published_public" in told["postrail posts resolve $POST --published $URL"]
    assert "could still publish it" in told["postrail posts resolve $POST --not-published"]
    assert "queued" in told["postrail posts retry $POST"]
    assert "everything  paused by cli" in told["postrail pause list"]
    assert "Nothing is paused." in told["postrail resume all"]
    assert len(told["postrail audit --limit 20"].splitlines()) == 9
    assert house.wait(gone)["status"] == "published_public"


def run(house: House, command: str, values: Mapping[str, str]) -> Result:
    """Run a line of the page beside the server's process, with `values` in the place of its variables."""
    words = re.findall(r'"[^"]*"|\S+', command)
    spelled = [values.get(word, word).strip('"') for word in words]
    assert spelled[0] == "postrail"
    return CliRunner().invoke(cli, spelled[1:], env={**house.environment, "POSTRAIL_HOME": str(house.home)})
