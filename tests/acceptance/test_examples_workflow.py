"""The n8n example holds together and names only what the server offers. `make n8n` runs it in n8n itself."""

import json
from pathlib import Path
from typing import Any

from connector.contract import load_contract

WORKFLOW = json.loads((Path(__file__).parents[2] / "examples/n8n/post_video_and_wait.json").read_text())
NODES: dict[str, dict[str, Any]] = {node["name"]: node for node in WORKFLOW["nodes"]}
REQUESTS = [node["parameters"] for node in NODES.values() if node["type"] == "n8n-nodes-base.httpRequest"]


def operation_of(request: dict[str, Any]) -> str:
    """Return the key of the operation that an HTTP Request node runs."""
    return str(request["url"]).rpartition("/v1/operations/")[2]


def test_every_node_has_an_id_and_a_name_of_its_own() -> None:
    assert len({node["id"] for node in WORKFLOW["nodes"]}) == len(NODES) == len(WORKFLOW["nodes"])


def test_only_nodes_that_n8n_brings_along_are_used() -> None:
    assert {node["type"].partition(".")[0] for node in NODES.values()} == {"n8n-nodes-base"}


def test_every_connection_leads_to_a_node_and_every_node_but_the_note_is_connected() -> None:
    links = WORKFLOW["connections"]
    ends = {link["node"] for outputs in links.values() for output in outputs["main"] for link in output}
    assert ends | set(links) == set(NODES) - {"Note"}


def test_the_requests_run_operations_that_exist_with_fields_that_they_have() -> None:
    contract = load_contract()
    assert [operation_of(request) for request in REQUESTS] == ["post_video", "wait_until_published"]
    for request in REQUESTS:
        fields = {field.key for field in contract.operation(operation_of(request)).operation.input_fields}
        assert {row["name"] for row in request["bodyParameters"]["parameters"]} <= fields


def test_the_requests_hand_refusals_on_instead_of_stopping_the_workflow() -> None:
    for request in REQUESTS:
        assert request["options"]["response"]["response"] == {"fullResponse": True, "neverError": True}


def test_a_lost_connection_reaches_a_branch_instead_of_stopping_the_workflow() -> None:
    calls = [node for node in NODES.values() if node["type"] == "n8n-nodes-base.httpRequest"]
    assert {(node["onError"], node["retryOnFail"]) for node in calls} == {("continueRegularOutput", True)}


def test_every_way_ends_in_published_failed_or_unknown() -> None:
    links = WORKFLOW["connections"]
    assert set(NODES) - set(links) - {"Note"} == {"Published", "Failed", "Unknown"}
    waits = ("Published?", "Failed?")
    assert [links[name]["main"][1][0]["node"] for name in waits] == ["Failed?", "Unknown"]


def test_no_key_stands_in_the_workflow() -> None:
    assert "Bearer YOUR_KEY" in NODES["Note"]["parameters"]["content"]
    assert json.dumps(WORKFLOW).count("Bearer") == 1
    assert {
        node["credentials"]["httpHeaderAuth"]["name"] for node in NODES.values() if "credentials" in node
    } == {"Postrail API key"}
