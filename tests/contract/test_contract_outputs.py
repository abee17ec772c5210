"""What the engine answers is what the output schemas promise."""

from dataclasses import replace

import jsonschema_rs
import pytest

from connector.contract import load_contract
from connector.domain.lifecycle import State
from connector.engine.model import Account, Entry, Failure, Post
from connector.engine.outputs import error_body, post_row, timeline_rows
from connector.engine.perform import Told
from connector.server.pm3k import status

ACCOUNT = Account(id="acc_1", workspace_id="ws_1", open_id="-000YSS", username="mia", access_token="act.x")
RECEIPT: dict[str, object] = {"coerced": [], "ignored": [], "warnings": []}
FAILURE = Failure(code="duration_check_failed", message="Too long.", fail_reason="duration_check_failed")


def faults(name: str, value: object) -> list[str]:
    """Return what a schema says against a value."""
    validator = jsonschema_rs.Draft202012Validator(dict(load_contract().schema(name)))
    return [error.message for error in validator.iter_errors(value)]


def post(state: State, failure: Failure | None = None) -> Post:
    """A post in some state."""
    return Post(
        id="post_1",
        workspace_id="ws_1",
        account_id="acc_1",
        operation="post_video",
        kind="video",
        mode="direct",
        transfer="upload",
        state=state,
        input={},
        receipt={},
        created_at=0,
        updated_at=0,
        public_ids=("7602997517160123666",),
        failure=failure,
    )


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("account", [ACCOUNT, None])
def test_a_post_in_any_state_is_answered_as_promised(state: State, account: Account | None) -> None:
    failure = FAILURE if state is State.FAILED else None
    row = post_row(load_contract(), post(state, failure), account, "https://www.tiktok.com", receipt=RECEIPT)
    row["timeline"] = timeline_rows([Entry(call="video/init", at=1, status=200, took_ms=12, log_id="x")])
    assert faults("output/post", row) == []


def test_a_failed_post_without_a_reason_breaks_the_promise() -> None:
    row = post_row(load_contract(), post(State.FAILED), ACCOUNT, "", receipt=RECEIPT)
    assert faults("output/post", row)


def test_a_refusal_with_its_receipt_is_answered_as_promised() -> None:
    contract = load_contract()
    error = contract.understand("post_video", {"privcy": "x", "disable_duet": "on"}).error()
    assert faults("output/error", error_body(contract, error, "req_1")) == []


@pytest.mark.parametrize("key", sorted(load_contract().operations))
def test_a_dry_look_at_an_example_is_answered_as_promised(key: str) -> None:
    contract = load_contract()
    examples = contract.schema(f"input/{key}")["examples"]
    assert isinstance(examples, list)
    understood = contract.understand(key, {**examples[0], "strict": "false"})
    assert faults("output/check", {"ok": True, "input": understood.input, **understood.receipt()}) == []


def test_a_post_that_was_removed_has_no_address_in_any_dialect() -> None:
    removed = post(State.REMOVED)
    row = post_row(load_contract(), removed, ACCOUNT, "https://www.tiktok.com", receipt=RECEIPT)
    assert (row["post_url"], row["url_reason"]) == (None, "removed")
    assert row["tiktok_post_ids"] == ["7602997517160123666"]
    assert status(Told(post=removed, body=row, outcome="settled"))["post_url"] is None


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (None, "publicaly_available_post_id"),
        ({"publicaly_available_post_id": [], "status": "PROCESSING_UPLOAD"}, "publicaly_available_post_id"),
        ({"publicly_available_post_id": []}, "publicly_available_post_id"),
    ],
)
def test_pm3ks_raw_has_the_public_ids_that_a_webhook_has_told(
    raw: dict[str, object] | None, name: str
) -> None:
    published = replace(post(State.PUBLISHED_PUBLIC), raw_status=raw, tiktok_status="PUBLISH_COMPLETE")
    told = status(Told(post=published, body={"post_url": "x"}, outcome="settled"))
    assert told["raw"] == {"data": {"status": "PUBLISH_COMPLETE", name: ["7602997517160123666"]}}


def test_pm3ks_raw_gives_no_ids_of_a_post_that_was_removed() -> None:
    removed = replace(post(State.REMOVED), raw_status={"publicaly_available_post_id": []})
    told = status(Told(post=removed, body={"post_url": None}, outcome="settled"))
    assert told["raw"] == {"data": {"publicaly_available_post_id": []}}
