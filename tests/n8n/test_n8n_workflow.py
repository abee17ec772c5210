"""The example workflow, run by the real n8n against a real server; the sandbox is the witness."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.settings import bare_environment
from tests.acceptance.running_examples import (
    ACCEPTED,
    LOST,
    PENDING,
    PUBLISHED,
    Reply,
    ToldServer,
    post_answer,
    refusal,
    told_server,
)
from tests.n8n.real_n8n import Execution, N8n, environment_of, install, why_not
from tests.running import BuildHouse, House

pytest_plugins = ("tests.databases", "tests.running")

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / "examples" / "n8n" / "post_video_and_wait.json"
WORKFLOW_ID = "exampleWorkflow1"

NO_N8N = why_not()

pytestmark = pytest.mark.skipif(
    NO_N8N is not None, reason=f"the real n8n needs Node 20 or newer with npm: {NO_N8N}"
)

RunExample = Callable[..., Execution]


@pytest.fixture(scope="session")
def program(pytestconfig: pytest.Config) -> Path:
    """Return n8n's program, installed on the first run with a line for each step."""

    def tell(line: str) -> None:
        capture = pytestconfig.pluginmanager.getplugin("capturemanager")
        reporter = pytestconfig.pluginmanager.getplugin("terminalreporter")
        if capture is not None and reporter is not None:
            with capture.global_and_fixture_disabled():
                reporter.write_line(line)

    return install(Path(__file__).with_name("package.json"), ROOT / ".venv" / "n8n", tell)


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def credential_of(key: str, workflow: dict[str, Any]) -> dict[str, Any]:
    """Return the Header Auth credential that the README tells to create, under the name the workflow uses."""
    [named] = {
        json.dumps(node["credentials"]["httpHeaderAuth"])
        for node in workflow["nodes"]
        if "credentials" in node
    }
    data = {"name": "Authorization", "value": f"Bearer {key}"}
    return {"id": "anotherId", "name": json.loads(named)["name"], "type": "httpHeaderAuth", "data": data}


def with_rows(workflow: dict[str, Any], rows: dict[str, str]) -> dict[str, Any]:
    """Fill the Rows node, as a user does after importing the workflow."""
    [node] = [node for node in workflow["nodes"] if node["name"] == "Rows"]
    for assignment in node["parameters"]["assignments"]["assignments"]:
        assignment["value"] = rows.get(assignment["name"], assignment["value"])
    return {**workflow, "id": WORKFLOW_ID}


@pytest.fixture
def run_example(program: Path, tmp_path: Path) -> RunExample:
    """Return what imports the credential and the workflow into a fresh n8n and executes it."""

    def run(house: House | ToldServer, **rows: str) -> Execution:
        folder = tmp_path / "n8n"
        folder.mkdir()
        n8n = N8n(
            program=program,
            folder=folder,
            environment=environment_of(bare_environment(), folder, free_port()),
        )
        workflow = json.loads(WORKFLOW.read_text())
        key = house.key if isinstance(house, House) else "any"
        n8n.load("credentials", "credential", [credential_of(key, workflow)])
        n8n.load("workflow", "workflow", [with_rows(workflow, {"postrail_url": house.url, **rows})])
        return n8n.execute(WORKFLOW_ID)

    return run


def test_the_workflow_posts_one_public_video_and_takes_the_published_branch(
    house: House, run_example: RunExample
) -> None:
    execution = run_example(house, source_url=f"{house.media_url}/clip.mp4", title="posted by n8n")
    [post] = house.witness.posts("posted by n8n")
    [published] = execution.items("Published")
    assert published["post_url"] == post["share_url"]
    assert published["status"] == "published_public"
    assert post["public_at"]
    assert "Failed" not in execution.runs


def test_the_workflow_sends_rows_of_text_that_become_what_they_say(
    house: House, run_example: RunExample
) -> None:
    run_example(
        house, source_url=f"{house.media_url}/clip.mp4", title="true", disable_comment="TRUE", is_aigc="yes"
    )
    [task] = house.witness.publishes("true")
    sent = task["post_info"]
    assert (sent["disable_comment"], sent["disable_duet"], sent["is_aigc"]) == (True, True, True)
    assert sent["video_cover_timestamp_ms"] == 1000


def test_a_text_in_place_of_a_video_takes_the_failed_branch_with_the_reason(
    house: House, run_example: RunExample
) -> None:
    execution = run_example(house, source_url=f"{house.media_url}/notes.mp4", title="no video by n8n")
    [failed] = execution.items("Failed")
    assert failed["error"] == "unsupported_video_type"
    assert "text" in failed["cause"]
    assert failed["fix"]
    assert "Published" not in execution.runs
    assert house.witness.posts("no video by n8n") == []


def test_the_workflow_waits_again_when_one_wait_was_too_short(
    build_house: BuildHouse, run_example: RunExample
) -> None:
    house = build_house()
    house.witness.set_dial(mode="seconds", processing=3, moderation=0)
    execution = run_example(
        house, source_url=f"{house.media_url}/clip.mp4", title="slow by n8n", wait_seconds="1"
    )
    [post] = house.witness.posts("slow by n8n")
    assert [item["post_url"] for item in execution.items("Published")] == [post["share_url"]]
    assert len(execution.runs["Wait Until Published"]) > 1


def test_a_refused_row_takes_the_failed_branch_with_every_problem(
    house: House, run_example: RunExample
) -> None:
    execution = run_example(
        house, source_url=f"{house.media_url}/clip.mp4", privacy="everybody", disable_comment="perhaps"
    )
    [failed] = execution.items("Failed")
    assert failed["error"] == "invalid_request"
    privacy, comment = failed["details"].splitlines()
    for line, field, got in ((privacy, "privacy", "everybody"), (comment, "disable_comment", "perhaps")):
        assert line.startswith(f"{field}: got ")
        assert got in line
        assert "expected " in line
        assert "fix: " in line
    assert "Wait Until Published" not in execution.runs


def assert_unknown(execution: Execution, *, error: str, post_id: str) -> None:
    """Assert that the Unknown branch ran alone, with all that it takes to ask again."""
    [unknown] = execution.items("Unknown")
    assert (unknown["error"], unknown["post_id"]) == (error, post_id)
    assert unknown["idempotency_key"] == "row-7"
    assert "again" in unknown["ask_again"]
    assert not {"Failed", "Published"} & set(execution.runs)


WAITS_THAT_GO_WRONG = [
    pytest.param(refusal(401, "invalid_api_key"), "invalid_api_key", id="a revoked key"),
    pytest.param(refusal(503, "server_draining"), "server_draining", id="draining"),
    pytest.param(Reply(502, "<p>Bad gateway</p>"), "HTTP 502", id="a proxy's page"),
    pytest.param(PENDING, "processing", id="still pending"),
    pytest.param(post_answer("pending", "unconfirmed"), "unconfirmed", id="unconfirmed"),
    pytest.param(LOST, "no_answer", id="no answer"),
]


@pytest.mark.parametrize(("reply", "error"), WAITS_THAT_GO_WRONG)
def test_an_accepted_post_whose_wait_goes_wrong_takes_the_unknown_branch(
    run_example: RunExample, reply: Reply, error: str
) -> None:
    with told_server(ACCEPTED, reply) as server:
        execution = run_example(server, wait_calls="2", idempotency_key="row-7")
    assert_unknown(execution, error=error, post_id="post_1")


def test_a_wait_is_asked_again_after_a_server_was_away(run_example: RunExample) -> None:
    replies = ACCEPTED, LOST, refusal(503, "server_draining"), Reply(502, "bad gateway"), PUBLISHED
    with told_server(*replies) as server:
        execution = run_example(server)
    [published] = execution.items("Published")
    assert published["post_url"] == "https://example.com/@mia/video/7"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        pytest.param(Reply(504, ""), "HTTP 504", id="a proxy's time-out"),
        pytest.param(LOST, "no_answer", id="no answer"),
    ],
)
def test_a_request_that_may_have_been_accepted_takes_the_unknown_branch(
    run_example: RunExample, reply: Reply, error: str
) -> None:
    with told_server(reply) as server:
        execution = run_example(server, idempotency_key="row-7")
    assert_unknown(execution, error=error, post_id="")
    assert execution.items("Unknown")[0]["cause"]
    assert set(server.keys) == {"row-7"}


def test_another_server_takes_the_failed_branch_with_what_it_answered(run_example: RunExample) -> None:
    with told_server(Reply(404, "<html>\n<p>Not here</p>")) as server:
        execution = run_example(server, postrail_url=f"{server.url}/")
    [failed] = execution.items("Failed")
    assert failed["error"] == "HTTP 404"
    assert failed["cause"] == f"{server.url} answered HTTP 404, <html> <p>Not here</p>"
    assert "postrail_url" in failed["fix"]
    assert server.paths == ["/v1/operations/post_video"]
