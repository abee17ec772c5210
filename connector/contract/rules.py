"""Conditions between fields that JSON Schema cannot express: one pure function each, named by `x-rules`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connector.kernel.errors import Problem


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A condition between fields.

    `field` is named by its problem, `others` are the further fields that it is about: it is silent while one
    of them is wrong. `words` tell it in the docs, as `x-problem` does for conditions within a schema.
    """

    field: str
    others: tuple[str, ...]
    words: Mapping[str, str]
    find: Callable[[Mapping[str, object]], Problem | None]
    """Finds the problem in values, if there is one."""


def _cover_beyond(values: Mapping[str, object]) -> Problem | None:
    """Refuse a `photo_cover_index` that is not the index of one of `photo_images`."""
    images, index = values.get("photo_images"), values.get("photo_cover_index")
    if not isinstance(images, list) or not isinstance(index, int) or not 0 < len(images) <= index:
        return None
    last = len(images) - 1
    return Problem(
        field="photo_cover_index",
        problem="cover_out_of_range",
        got=f"{index} with {len(images)} photo{'s' if last else ''}",
        expected=f"0 to {last}" if last else "0",
        fix="count from 0: the first photo is 0",
        code="cover_out_of_range",
    )


COVER_IN_LIST = Rule(
    field="photo_cover_index",
    others=("photo_images",),
    words={
        "field": "photo_cover_index",
        "problem": "cover_out_of_range",
        "got": "photo_cover_index beyond the last photo",
        "expected": "0 to the number of photos less one",
        "code": "cover_out_of_range",
    },
    find=_cover_beyond,
)

RULES: Mapping[str, Rule] = {"cover_in_list": COVER_IN_LIST}
"""What a schema may name in `x-rules`."""
