"""What an answer says of a refusal: whether the same request may succeed later is up to its problems."""

import pytest

from connector.contract import load_contract
from connector.domain.retry import TRANSIENT_SOURCE_PROBLEMS
from connector.engine.model import Failure
from connector.engine.outputs import error_body, failure_members
from connector.kernel.errors import PostrailError, Problem

CONTRACT = load_contract()
LASTING = ["source_status", "html_page", "empty_file", "content_encoded", "not_a_url", "source_too_slow"]


def told(*words: str, code: str = "fetch_error") -> tuple[object, object]:
    """Return `retryable` of a refusal and of a post that failed for the same problems."""
    problems = [Problem(field=f"photo_images[{index}]", problem=word) for index, word in enumerate(words)]
    refused = error_body(CONTRACT, PostrailError(code, "no", details=problems), "req_1")
    failure = Failure(code=code, message="no", details=tuple(problem.as_dict() for problem in problems))
    return refused["retryable"], failure_members(CONTRACT, failure)["retryable"]


@pytest.mark.parametrize("word", sorted(TRANSIENT_SOURCE_PROBLEMS))
def test_a_source_that_may_recover_is_worth_another_try(word: str) -> None:
    assert told(word) == (True, True)


@pytest.mark.parametrize("word", LASTING)
def test_a_source_that_stays_as_it_is_is_not(word: str) -> None:
    assert told(word) == (False, False)


def test_one_source_that_stays_as_it_is_decides_for_all() -> None:
    assert told("source_5xx", "html_page") == (False, False)


def test_without_problems_the_catalogue_decides() -> None:
    assert told() == (True, True)


def test_problems_of_another_code_change_nothing() -> None:
    assert told("disk_full", code="disk_full") == (True, True)
    assert told("unreachable", code="too_large") == (False, False)
