"""Mishaps by script: a rule says which call goes wrong and how; the table counts what each has done."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    field_validator,
)

from connector.kernel.clock import Clock
from connector.kernel.jsontext import Json
from connector.sandbox.database import Database
from connector.sandbox.lots import lot

ENDPOINTS = (
    "auth/authorize",
    "oauth/token",
    "oauth/revoke",
    "user/info",
    "video/list",
    "video/query",
    "creator_info/query",
    "video/init",
    "inbox/video/init",
    "content/init",
    "status/fetch",
    "cancel",
    "upload",
)
"""The short names of all endpoints; `upload` stands for the chunk PUTs."""

What = Literal["refuse", "gateway", "lose", "reset", "slow", "truncate", "cut", "fail", "expire", "chunk"]


class Rule(BaseModel):
    """What happens to some calls of some endpoints.

    `refuse`: an error in the endpoint's own shape (`code`, `status`, `message`). `gateway`: a bare 5xx in
    HTML. `lose`: the connection closes unanswered; `reset`: it is reset. These four stop the call, or, with
    `after_effect`, spoil its answer alone. `slow`: the call waits `seconds` (real ones), before or after its
    effect. `truncate`: the answer breaks off in its middle. `cut`: a PUT is reset after `after_bytes` of its
    body. For inits: `fail` dooms the task to `fail_reason`, `expire` makes the upload URL an expired one,
    `chunk` refuses the first PUT with `status`; `expire` serves on `upload` as well.

    Calls that match `endpoint` (a name, or a pattern such as `oauth/*`) are counted; from the `nth` on,
    `times` are struck (None: all), each with `chance`, while `for_s` seconds of the sandbox's time last.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    endpoint: str = "*"
    what: What
    after_effect: bool = False
    nth: PositiveInt = 1
    times: PositiveInt | None = 1
    chance: float = Field(default=1.0, gt=0, le=1)
    for_s: NonNegativeFloat | None = None
    code: str = "internal_error"
    status: int | None = Field(default=None, ge=200, le=599)
    message: str | None = None
    seconds: NonNegativeFloat = 1.0
    after_bytes: NonNegativeInt = 0
    fail_reason: str = "internal"

    @field_validator("endpoint")
    @classmethod
    def _some_endpoint(cls, value: str) -> str:
        if not any(fnmatchcase(name, value) for name in ENDPOINTS):
            raise ValueError(f"no endpoint is called {value!r}; there are {', '.join(ENDPOINTS)}")
        return value

    @property
    def stops(self) -> bool:
        """Say whether the call has no effect."""
        return self.what in ("refuse", "gateway", "lose", "reset") and not self.after_effect


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A rule with its counts; `planted_at` is UTC ms."""

    number: int
    rule: Rule
    planted_at: int
    seen: int
    hits: int

    def matches(self, endpoint: str, now: int) -> bool:
        """Say whether a call is one that this rule counts."""
        for_s = self.rule.for_s
        in_time = for_s is None or now < self.planted_at + round(for_s * 1000)
        return in_time and fnmatchcase(endpoint, self.rule.endpoint)

    def strikes(self, seed: int, place: int) -> bool:
        """Say whether the call it has just counted is to go wrong; `place` is the rule's in the script.

        The same script on the same seed so draws the same lots, however often it is planted.
        """
        rule = self.rule
        has_left = rule.times is None or self.hits < rule.times
        return self.seen >= rule.nth and has_left and lot(seed, place, self.seen) < rule.chance

    def as_dict(self) -> dict[str, Json]:
        """Return the rule as the control API shows it."""
        rule: dict[str, Json] = self.rule.model_dump()
        return {"number": self.number, **rule, "seen": self.seen, "hits": self.hits}


class Script:
    """The table of rules."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def plant(self, *rules: Rule) -> None:
        """Add rules at the end."""
        with self._database.transaction():
            for rule in rules:
                self._database.insert("rules", rule=rule.model_dump_json(), planted_at=self._clock.now())

    def clear(self) -> None:
        """Drop all rules."""
        self._database.write("DELETE FROM rules")

    def all(self) -> list[Planted]:
        """Return all rules, in the order of their planting."""
        rows = self._database.rows("SELECT * FROM rules ORDER BY number")
        return [Planted(**{**dict(row), "rule": Rule.model_validate_json(row["rule"])}) for row in rows]

    def strike(self, endpoint: str, seed: int) -> Rule | None:
        """Count a call and return the rule that strikes it: the first one planted that does."""
        now = self._clock.now()
        with self._database.transaction():
            script = enumerate(self.all(), 1)
            matching = [(place, self._count(each)) for place, each in script if each.matches(endpoint, now)]
            struck = [planted for place, planted in matching if planted.strikes(seed, place)]
            if not struck:
                return None
            sql = "UPDATE rules SET hits = hits + 1 WHERE number = :number"
            self._database.write(sql, number=struck[0].number)
            return struck[0].rule

    def _count(self, planted: Planted) -> Planted:
        self._database.write("UPDATE rules SET seen = seen + 1 WHERE number = :number", number=planted.number)
        return Planted(**{**planted.__dict__, "seen": planted.seen + 1})
