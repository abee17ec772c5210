"""The model of the publish engine, explored as far as one process has time for."""

import pytest

from tests.model.exploring import AT_LENGTH, PAGE, row, stuck, whole
from tests.model.world import Rules


@pytest.mark.parametrize(("what", "rules", "mishaps"), AT_LENGTH)
def test_a_post_is_published_once_at_most_and_never_stuck_however_much_goes_wrong(
    what: str, rules: Rules, mishaps: int
) -> None:
    space = whole(rules, mishaps)
    assert space.wrong is None, str(space.wrong)
    assert not (ends := [str(story) for story in stuck(space)]), ends[0]
    line = row(what, mishaps, space)
    assert line in PAGE.read_text(), f"the model has changed: write {line} into docs/reliability.md"
