"""An upload that is cut in the middle of every chunk: it ends well, and no byte is sent a third time."""

from itertools import pairwise

from benchmarks.cut_upload import cut_rules, measure, sends

MEGABYTES, CUTS = 200, 20
FLAT_MIB = 64


def test_an_upload_that_is_cut_twenty_times_sends_every_byte_at_most_twice_in_flat_memory() -> None:
    found = measure(MEGABYTES, CUTS)
    assert (found.status, found.posts) == ("published_public", 1)
    assert (found.cuts, found.puts) == (CUTS, found.chunks + CUTS)
    assert found.most_sends == 2
    assert found.growth_mib < FLAT_MIB


def test_every_rule_cuts_another_chunk() -> None:
    numbers = [int(str(rule["nth"])) for rule in cut_rules(429, 20)]
    assert all(later - sooner > 1 for sooner, later in pairwise(numbers))
    assert numbers[-1] <= 429 + 20


def test_sends_are_counted_by_the_chunk() -> None:
    lines = [
        {"decision": "10 of 30 bytes"},
        {"decision": "the chunk at 10 will be sent again"},
        {"decision": "the chunk at 20 will be sent again"},
        {"decision": "the chunk at 10 will be sent again"},
    ]
    assert (sends([]), sends(lines[:3]), sends(lines)) == (1, 2, 3)
