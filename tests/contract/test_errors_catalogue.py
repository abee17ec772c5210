"""The catalogue against what TikTok documents and what its users complain of: nothing is unmapped."""

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from connector.contract import load_contract
from connector.domain.retry import RETRYABLE_FAIL_REASONS
from connector.engine.model import Failure
from connector.engine.outputs import failure_members
from connector.tiktok.wire import our_code

DATA: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "tiktok_errors.json").read_bytes())
CONTRACT = load_contract()
ENTRIES = sorted(CONTRACT.errors)
NAMED = [
    (found["source"], theirs, ours) for found in DATA["lists"] for theirs, ours in found["codes"].items()
]
TIKTOK_SAYS_NEVER = {"auth_removed", "spam_risk_user_banned_from_posting", "spam_risk_text", "spam_risk"}


@pytest.mark.parametrize(("source", "theirs", "ours"), NAMED)
def test_every_error_that_anybody_names_has_an_entry(source: str, theirs: str, ours: str) -> None:
    assert ours in CONTRACT.errors, f"{theirs} of {source}"


@pytest.mark.parametrize(
    ("source", "theirs", "ours"), [row for row in NAMED if row[0].startswith("TikTok, error codes")]
)
def test_the_client_names_tiktoks_codes_as_the_table_does(source: str, theirs: str, ours: str) -> None:
    assert our_code(theirs) == ours, source


@pytest.mark.parametrize(
    ("source", "theirs", "ours"), [row for row in NAMED if row[0].startswith("TikTok, wire messages")]
)
def test_the_client_tells_the_messages_of_invalid_params_apart(source: str, theirs: str, ours: str) -> None:
    assert our_code("invalid_params", theirs) == ours, source


def test_the_lists_are_whole() -> None:
    counted = {found["source"].partition(",")[0]: 0 for found in DATA["lists"]}
    for source, _, _ in NAMED:
        counted[source.partition(",")[0]] += 1
    assert counted["PostPeer"] == 25
    reasons = next(found for found in DATA["lists"] if found.get("fail_reasons"))
    assert len(reasons["codes"]) == 13
    assert len(DATA["matrix"]["rows"]) == 17
    pm3k = next(found for found in DATA["lists"] if found["source"].startswith("PM3K"))
    assert set(pm3k["not_ours"]) & set(CONTRACT.errors) == set()


@pytest.mark.parametrize("code", ENTRIES)
def test_an_entry_tells_what_why_and_what_to_do(code: str) -> None:
    entry = CONTRACT.error(code)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", code)
    for text in (entry.message, entry.cause, entry.fix):
        assert len(text) >= 15
        assert text == text.strip()
        assert text.endswith(".")
        assert not re.search(r"TODO|FIXME|\bTBD\b", text)
    assert len({entry.message, entry.cause, entry.fix}) == 3


@pytest.mark.parametrize("column", ["message", "cause", "fix"])
def test_no_entry_is_copied_from_another(column: str) -> None:
    seen: dict[str, list[str]] = defaultdict(list)
    for code in ENTRIES:
        seen[str(getattr(CONTRACT.error(code), column)).casefold()].append(code)
    assert [codes for codes in seen.values() if len(codes) > 1] == []


@pytest.mark.parametrize("code", ENTRIES)
def test_what_may_be_tried_again_says_when(code: str) -> None:
    entry = CONTRACT.error(code)
    assert (entry.retry_after_s is not None) == entry.retryable
    assert entry.retry_after_s is None or 1 <= entry.retry_after_s <= 86400
    assert 200 <= entry.http < 600
    if entry.error_class == "invalid":
        assert 400 <= entry.http < 500 or entry.http == 502


def test_fail_reasons_are_retryable_where_tiktok_says_so_and_never_where_it_says_not() -> None:
    for reason in RETRYABLE_FAIL_REASONS:
        assert CONTRACT.error(reason).retryable
    for reason in TIKTOK_SAYS_NEVER:
        assert not CONTRACT.error(reason).retryable


def test_an_unknown_code_passes_through_raw_and_terminal() -> None:
    failure = Failure(code="brand_new_code", message="TikTok's words", tiktok_log_id="log-1")
    told = failure_members(CONTRACT, failure)
    assert (told["error"], told["message"], told["tiktok_log_id"]) == (
        "brand_new_code",
        "TikTok's words",
        "log-1",
    )
    assert (told["retryable"], told["who"]) == (False, "tiktok")
    assert "tiktok_log_id" in str(told["fix"])
    assert our_code("brand_new_code") == "brand_new_code"
