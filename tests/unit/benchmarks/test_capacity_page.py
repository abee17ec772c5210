"""`docs/capacity.md` is what `python -m benchmarks.capacity` writes from the costs and the assumptions."""

import pytest

from benchmarks.capacity.__main__ import DOCUMENT, page
from benchmarks.capacity.assumptions import FILE, read


def test_the_page_is_the_one_that_is_generated() -> None:
    assert DOCUMENT.read_text() == page(), "write it anew: python -m benchmarks.capacity"


def test_every_assumption_says_what_it_is_and_where_it_comes_from() -> None:
    _, lines = read(FILE.read_text())
    assert lines
    assert [line.name for line in lines if not (line.value and line.what and line.source)] == []


def test_an_assumption_that_is_missing_or_unknown_is_refused_by_its_name() -> None:
    text = FILE.read_text()
    with pytest.raises(ValueError, match="heavy_share"):
        read(text.replace("heavy_share:", "havy_share:"))
