"""The way to the workers through the broker, as a dispatcher sees it."""

from typing import Protocol


class LineLost(Exception):
    """The broker did not take a message, or did not say so."""


class Line(Protocol):
    """Sends messages, and tells what lies in the queues."""

    def is_up(self) -> bool:
        """Tell whether messages can be sent now, as far as is known."""

    def send(self, queue: str, table: str, row_id: str, token: str) -> None:
        """Send one message. Raises LineLost."""

    def depth(self, queue: str) -> int:
        """Return how many messages wait in a queue, those aside that somebody holds. Raises LineLost."""
