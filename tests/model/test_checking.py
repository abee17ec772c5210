"""The checker on graphs that can be seen through."""

from collections.abc import Callable, Iterable, Mapping

from tests.model.checking import Move, dead_ends, explore

CIRCLE = {"a": "bc", "b": "a", "c": "d", "d": ""}


def moves_in(graph: Mapping[str, str], unsure: str = "") -> Callable[[str], Iterable[Move[str]]]:
    """Return the moves of a graph of letters; those into a letter of `unsure` may never happen."""
    return lambda state: [Move(f"{state} to {to}", to, to not in unsure) for to in graph[state]]


def nothing(_state: str) -> None:
    """Find nothing wrong."""


def test_every_state_is_visited_once_and_every_move_counted() -> None:
    space = explore("a", moves_in(CIRCLE), nothing)
    assert (space.states, space.moves, space.wrong) == (4, 4, None)


def test_the_shortest_way_to_a_wrong_state_is_told() -> None:
    graph = {"a": "bx", "b": "c", "c": "x", "x": ""}
    found = explore("a", moves_in(graph), lambda state: "crossed" if state == "x" else None).wrong
    assert found is not None
    assert (found.what, found.moves, found.state) == ("crossed", ("a to x",), "x")
    assert "1. a to x" in str(found)


def test_a_circle_with_a_sure_way_out_is_no_dead_end() -> None:
    space = explore("a", moves_in(CIRCLE), nothing)
    assert list(dead_ends(space, lambda state: state == "d")) == []


def test_a_way_that_may_never_be_taken_leads_nowhere() -> None:
    space = explore("a", moves_in(CIRCLE, unsure="d"), nothing)
    assert [story.state for story in dead_ends(space, lambda state: state == "d")] == ["a", "b", "c"]


def test_a_state_that_leads_nowhere_is_a_dead_end_with_its_way() -> None:
    space = explore("a", moves_in({"a": "bd", "b": "", "d": ""}), nothing)
    (story,) = dead_ends(space, lambda state: state == "d")
    assert (story.state, story.moves) == ("b", ("a to b",))
