"""The posts under way: bounded, and forgotten by their very lease."""

from connector.dispatch.window import Dispatched, Window
from connector.engine.model import Lease


def sent(post_id: str, at_s: float = 0.0, lease: str = "t") -> Dispatched:
    """A post under way."""
    return Dispatched(lease=Lease(post_id=post_id, token=lease, owner="me"), queue="q", at_s=at_s)


def test_there_is_room_for_so_many_and_for_none_beyond() -> None:
    window = Window(2)
    assert window.room("q") == 2
    window.add(sent("a"))
    window.add(sent("b"))
    assert window.room("q") == 0
    window.add(sent("c"))
    assert window.room("q") == 0
    assert window.remove([sent("a").lease, sent("b").lease]) == [sent("a"), sent("b")]
    assert window.room("q") == 1


def test_a_post_sent_anew_takes_one_place_and_goes_by_its_new_lease_alone() -> None:
    window = Window(4)
    window.add(sent("a", lease="old"))
    window.add(sent("a", lease="new"))
    assert window.remove([sent("a", lease="old").lease]) == []
    assert window.leases() == [sent("a", lease="new").lease]


def test_the_longest_under_way_is_taken_out_once_it_is_due() -> None:
    window = Window(4)
    assert (window.oldest_s(), window.pop_sent_before(100.0, {"q"})) == (None, None)
    window.add(sent("late", at_s=5.0))
    window.add(sent("early", at_s=3.0))
    assert window.oldest_s() == 3.0
    assert window.pop_sent_before(2.9, {"q"}) is None
    assert window.pop_sent_before(3.0, {"q"}) == sent("early", at_s=3.0)
    assert window.pop_sent_before(3.0, {"q"}) is None
    assert window.oldest_s() == 5.0


def test_a_queue_that_is_full_leaves_the_others_their_room() -> None:
    window = Window(1)
    window.add(sent("a"))
    assert (window.room("q"), window.room("another")) == (0, 1)
    assert window.pop_sent_before(100.0, {"another"}) is None
