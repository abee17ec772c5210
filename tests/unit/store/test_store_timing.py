"""A server's time, told from its last answer for a second."""

from dataclasses import dataclass, field

import pytest

from connector.store.timing import FRESH_S, ToldTime


@dataclass
class Server:
    """A server whose answers take their time, and the steady clock beside it."""

    clock: float = 1000.0
    takes_s: float = 0.0
    asked: int = field(default=0, init=False)

    def ask(self) -> int:
        """Say what time it is when the question arrives; the answer comes later."""
        self.asked += 1
        told = round(self.clock * 1000)
        self.clock += self.takes_s
        return told

    def ticks(self) -> float:
        """Return the steady clock, which began long before."""
        return self.clock + 77


@pytest.fixture
def server() -> Server:
    """Give a server."""
    return Server()


def test_the_time_goes_on_between_two_questions(server: Server) -> None:
    told = ToldTime(server.ask, server.ticks)
    assert told.now() == 1_000_000
    server.clock += 0.25
    assert told.now() == 1_000_250
    assert server.asked == 1


def test_an_answer_is_told_from_for_a_second_and_no_longer(server: Server) -> None:
    told = ToldTime(server.ask, server.ticks)
    told.now()
    server.clock += FRESH_S
    told.now()
    assert server.asked == 1
    server.clock += 0.125
    assert told.now() == 1_001_125
    assert server.asked == 2


def test_what_is_told_is_never_ahead_of_the_server_and_never_goes_back(server: Server) -> None:
    server.takes_s = 0.5
    told = ToldTime(server.ask, server.ticks)
    seen = []
    for _ in range(9):
        seen.append(told.now())
        assert seen[-1] <= server.clock * 1000
        server.clock += 0.375
    assert seen == sorted(seen)
