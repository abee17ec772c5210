"""What understanding a request has done to it, and the collector that is filled on the way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

from connector.contract.text import fit, shown
from connector.contract.validate import root_of
from connector.contract.words import sentence
from connector.kernel.errors import GOT_LIMIT, PostrailError, Problem

_MAY_BE_LONG = (str, list, dict)


class Receipt(NamedTuple):
    """One value that was read differently from how it was written; `rule` stands in `coerce.RULES`.

    `given` is the value as sent, `to` what it became (None: absent).
    """

    field: str
    given: object
    to: object
    rule: str

    def as_dict(self) -> dict[str, object]:
        """Return the receipt as the JSON object of an answer's `coerced`, long values cut."""
        to = self.to
        if isinstance(to, _MAY_BE_LONG) and len(words := shown(to)) > GOT_LIMIT:
            to = words
        return {"field": self.field, "from": shown(self.given), "to": to, "rule": self.rule}


@dataclass(frozen=True, kw_only=True)
class Ignored:
    """A field that has no effect on TikTok, by the name it was sent under, and why.

    `did_you_mean` is the field that an unknown name resembles, `""` where none does.
    """

    field: str
    why: str
    did_you_mean: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return it as the JSON object of an answer's `ignored`."""
        meant = {"did_you_mean": self.did_you_mean} if self.did_you_mean else {}
        return {"field": self.field, "why": self.why, **meant}


@dataclass
class Notes:
    """Collects what is found while rows are read.

    `problems` are those of fields, `strays` those of rows that belong to none. `flagged` names the fields and
    entries (`photo_images[3]`) whose problem is known, `within` the fields that came within another row.
    """

    coerced: list[Receipt] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    strays: list[Problem] = field(default_factory=list)
    flagged: set[str] = field(default_factory=set)
    within: set[str] = field(default_factory=set)

    def coerce(self, name: str, given: object, to: object, rule: str) -> None:
        """Note that a value was read differently."""
        self.coerced.append(Receipt(field=name, given=given, to=to, rule=rule))

    def ignore(self, name: str, why: str, meant: str = "") -> None:
        """Note that a field has no effect, and warn where it was probably meant to have one."""
        self.ignored.append(Ignored(field=fit(name), why=why, did_you_mean=meant))
        if meant:
            self.warnings.append(f"{fit(name)} has no effect: there is no such field. Did you mean {meant}?")

    def refuse(self, place: str, problem: Problem) -> None:
        """Note that a field, or an entry of one, cannot be read; the problem may tell it by another name."""
        self.problems.append(problem)
        self.flagged.add(place)


class Understanding:
    """What a request means: canonical input, the receipt, and every problem.

    Problems of fields come in the order of the schema, then those of other rows in the order of their names.
    `input` holds the control fields too; `content` is what the post consists of. Where there are problems,
    `input` is what could be read. Problems tell fields by the names that were sent; `flagged` are the fields
    and entries (`photo_images[3]`) that are wrong by their own names, `sent` maps each field that came under
    one name to it.
    """

    ignored: tuple[Ignored, ...] = ()
    warnings: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    flagged: frozenset[str] = frozenset()
    sent: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        input: dict[str, object],  # noqa: A002 - the name that answers give it
        control: frozenset[str] = frozenset(),
        coerced: tuple[Receipt, ...] = (),
    ) -> None:
        self.input = input
        self.control = control
        self._coerced = coerced

    @property
    def coerced(self) -> tuple[Receipt, ...]:
        """The values that were read differently from how they were written."""
        return self._coerced

    @property
    def ok(self) -> bool:
        """Whether the input can be used."""
        return not self.problems

    @property
    def content(self) -> dict[str, object]:
        """The input without its control fields: what tells one post from another."""
        return {name: value for name, value in self.input.items() if name not in self.control}

    def spelled(self, place: str) -> str:
        """Return a place of the input, such as `photo_images[3]`, by the name under which it was sent."""
        root = root_of(place)
        return self.sent.get(root, root) + place.removeprefix(root)

    def told(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Return problems that were found later, of fields by the names under which they were sent.

        Those that are told so already stay as they are.
        """
        return tuple(replace(problem, field=self.spelled(problem.field)) for problem in problems)

    def receipt(self) -> dict[str, object]:
        """Return `coerced`, `ignored` and `warnings` as an answer has them."""
        return {
            "coerced": [item.as_dict() for item in self.coerced],
            "ignored": [item.as_dict() for item in self.ignored],
            "warnings": list(self.warnings),
        }

    def error(self) -> PostrailError:
        """Return the refusal: the code of the first problem, all problems, and the receipt.

        Raises ValueError when there is no problem.
        """
        if self.ok:
            raise ValueError("nothing is wrong with this input")
        receipt: Mapping[str, object] = self.receipt()
        return PostrailError(
            self.problems[0].code, sentence(self.problems), details=self.problems, extra=dict(receipt)
        )
