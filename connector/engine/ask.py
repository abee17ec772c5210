"""One call of an operation, as it reaches the engine."""

from dataclasses import dataclass

from connector.contract import Operation, Understanding
from connector.engine.intake import Received
from connector.engine.model import Principal


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One call of an operation: who asks, what was understood, and the frame around it.

    `wait_s` is how long the caller will wait for the answer in seconds; `dialect` is None for `/v1`;
    `received` are the files that came with it.
    """

    principal: Principal
    operation: Operation
    understood: Understanding
    key: str | None = None
    wait_s: float = 0.0
    dialect: str | None = None
    received: tuple[Received, ...] = ()
