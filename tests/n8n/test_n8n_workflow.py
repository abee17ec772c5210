"""The example workflow, run by the real n8n against a real server; the sandbox is the witness."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.settings import bare_environment
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


def credential_of(house: House, workflow: dict[str, Any]) -> dict[str, Any]:
    """Return the Header Auth credential that the README tells to create, under the name the workflow uses."""
    [named] = {
        json.dumps(node["credentials"]["httpHeaderAuth"])
        for node in workflow["nodes"]
        if "credentials" in node
    }
    data = {"name": "Authorization", "value": f"Bearer {house.key}"}
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

    def run(house: House, **rows: str) -> Execution:
        folder = tmp_path / "n8n"
        folder.mkdir()
        n8n = N8n(
            program=program,
            folder=folder,
            environment=environment_of(bare_environment(), folder, free_port()),
        )
        workflow = json.loads(WORKFLOW.read_text())
        n8n.load("credentials", "credential", [credential_of(house, workflow)])
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
    assert failed["error"] == "bad_request"
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
    assert [line.partition(":")[0] for line in failed["details"].splitlines()] == [
        "privacy",
        "disable_comment",
    ]
    assert "Wait Until Published" not in execution.runs
