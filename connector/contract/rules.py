"""Conditions between fields that JSON Schema cannot express: one pure function each, named by `x-rules`."""

from collections.abc import Callable, Mapping

from connector.kernel.errors import Problem

Rule = Callable[[Mapping[str, object]], Problem | None]


def cover_in_list(values: Mapping[str, object]) -> Problem | None:
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


RULES: Mapping[str, Rule] = {"cover_in_list": cover_in_list}
"""What a schema may name in `x-rules`."""
