"""What a test sets on the pretend TikTok: the dial and the faults, kept in the database.

Faults that count down are spent in the same file, so that a restart neither forgets nor repeats one.
"""

import threading

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

from connector.sandbox.behaviour import Behaviour
from connector.sandbox.database import Database
from connector.sandbox.states import Dial
from connector.sandbox.wire import Refusal

_RULES = ConfigDict(frozen=True, extra="forbid", strict=True)


class LostReply(BaseModel):
    """The next `times` calls of an endpoint have their effect, then the connection closes unanswered."""

    model_config = _RULES
    endpoint: str
    times: PositiveInt = 1


class Refuse(BaseModel):
    """The next `times` calls of an endpoint are refused; `status` None: the code's usual HTTP status."""

    model_config = _RULES
    endpoint: str
    code: str = "internal_error"
    status: int | None = Field(default=None, ge=200, le=599)
    times: PositiveInt = 1


class Faults(BaseModel):
    """All faults. Endpoints are named as `video/init`, `status/fetch`, `user/info`, `upload` (the PUTs).

    `hold_upload_after_bytes` counts bytes of the whole upload; `fail_reason` is that of the next task made.
    """

    model_config = _RULES
    hold_upload_after_bytes: NonNegativeInt | None = None
    lose_reply: LostReply | None = None
    refuse: Refuse | None = None
    fail_reason: str | None = None
    server_error_chunks: NonNegativeInt = 0


class Knobs:
    """The present dial, faults and behaviour."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changed = threading.Condition()
        self._closing = False
        self._dial = Dial.model_validate_json(database.setting("dial") or "{}")
        self._faults = Faults.model_validate_json(database.setting("faults") or "{}")
        self._behaviour = Behaviour.model_validate_json(database.setting("behaviour") or "{}")

    @property
    def dial(self) -> Dial:
        """Return the dial."""
        return self._dial

    @property
    def faults(self) -> Faults:
        """Return the faults that are still to come."""
        return self._faults

    @property
    def behaviour(self) -> Behaviour:
        """Return how it behaves where TikTok is not documented."""
        return self._behaviour

    def set_behaviour(self, behaviour: Behaviour) -> None:
        """Replace the behaviour."""
        self._database.keep_setting("behaviour", behaviour.model_dump_json())
        self._behaviour = behaviour

    def set_dial(self, dial: Dial) -> None:
        """Replace the dial."""
        self._database.keep_setting("dial", dial.model_dump_json())
        self._dial = dial

    def set_faults(self, faults: Faults) -> None:
        """Replace all faults; whoever is held looks again."""
        with self._changed:
            self._database.keep_setting("faults", faults.model_dump_json())
            self._faults = faults
            self._changed.notify_all()

    def wait_while_held(self, at: int, seconds: float) -> bool:
        """Wait up to `seconds` while an upload stands held at byte `at`; say whether it still is."""
        with self._changed:
            self._changed.wait_for(lambda: not self._holds(at), timeout=seconds)
            return self._holds(at)

    def release_all(self) -> None:
        """Hold nobody any more: the server stops."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def spend_lost_reply(self, endpoint: str) -> bool:
        """Say whether this call's reply is to be lost, and count it."""
        with self._changed:
            fault = self._faults.lose_reply
            if fault is None or fault.endpoint != endpoint:
                return False
            rest = fault.model_copy(update={"times": fault.times - 1}) if fault.times > 1 else None
            self.set_faults(self._faults.model_copy(update={"lose_reply": rest}))
            return True

    def spend_refusal(self, endpoint: str) -> Refusal | None:
        """Return the refusal that this call is to get, and count it."""
        with self._changed:
            fault = self._faults.refuse
            if fault is None or fault.endpoint != endpoint:
                return None
            rest = fault.model_copy(update={"times": fault.times - 1}) if fault.times > 1 else None
            self.set_faults(self._faults.model_copy(update={"refuse": rest}))
            return Refusal(fault.code, status=fault.status)

    def spend_fail_reason(self) -> str | None:
        """Return the reason the task being made is to fail with, and forget it."""
        with self._changed:
            reason = self._faults.fail_reason
            if reason is not None:
                self.set_faults(self._faults.model_copy(update={"fail_reason": None}))
            return reason

    def spend_server_error(self) -> bool:
        """Say whether this PUT is to answer 500, and count it."""
        with self._changed:
            left = self._faults.server_error_chunks
            if left:
                self.set_faults(self._faults.model_copy(update={"server_error_chunks": left - 1}))
            return bool(left)

    def _holds(self, at: int) -> bool:
        limit = self._faults.hold_upload_after_bytes
        return not self._closing and limit is not None and at >= limit
