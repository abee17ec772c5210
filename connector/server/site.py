"""What the routes are handed."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import request

from connector.engine.access import authenticate
from connector.engine.context import Context
from connector.engine.gate import GateMode
from connector.engine.model import Principal
from connector.engine.wait import WaitRoom
from connector.engine.webhooks import HookDesk
from connector.web.incoming import bearer_of


@dataclass(frozen=True, kw_only=True)
class Site:
    """The engine behind the HTTP surface; `hold_s` and `pause` are the gate's patience and how it sleeps.

    `holds` is how many pulls it holds at once, each on a thread; `gate_mode` is what they meet. `hooks` is
    where TikTok's webhooks arrive.
    """

    context: Context
    room: WaitRoom
    hold_s: float
    pause: Callable[[float], None]
    hooks: HookDesk
    holds: int = 16
    gate_mode: GateMode = GateMode.HOLD

    def principal(self) -> Principal:
        """Return who makes the present request. Raises PostrailError as `authenticate` does."""
        return authenticate(self.context.access, self.context.clock, bearer_of(request))
