"""The watchdog: so many in a row, and once."""

from connector.dispatch.watchdog import IN_A_ROW, Watchdog


def test_it_gives_up_once_after_so_many_in_a_row() -> None:
    said: list[str] = []
    watchdog = Watchdog(lambda: said.append("give up"))
    for _ in range(IN_A_ROW - 1):
        watchdog.overlooked()
    assert (said, watchdog.has_given_up) == ([], False)
    watchdog.overlooked()
    watchdog.overlooked()
    assert (said, watchdog.has_given_up) == (["give up"], True)


def test_whatever_is_taken_in_between_begins_the_count_anew() -> None:
    watchdog = Watchdog(lambda: None)
    for _ in range(3 * IN_A_ROW):
        for _ in range(IN_A_ROW - 1):
            watchdog.overlooked()
        watchdog.taken()
    assert not watchdog.has_given_up
