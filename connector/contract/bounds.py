"""Rows by name, the bounds of a body, and how one that cannot be read is refused."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn, Self

from connector.contract.receipt import Receipt
from connector.kernel.errors import PostrailError, Problem


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one body: its members, all levels together, and its levels of lists and objects."""

    max_fields: int = 1_000
    max_depth: int = 20

    def words(self) -> str:
        """Return the bounds in words."""
        return f"at most {self.max_fields} fields and {self.max_depth} levels"


LIMITS = Limits()


class Rows(dict[str, object]):
    """Rows by name, with what was noticed (`warnings`) and changed (`receipts`) on the way to them.

    Rows of JSON have their names as they came; `take_apart` nests and indexes by them.
    """

    warnings: tuple[str, ...] = ()
    receipts: tuple[Receipt, ...] = ()

    @classmethod
    def of(
        cls,
        rows: Mapping[str, object],
        *,
        warnings: Iterable[str] = (),
        receipts: Iterable[Receipt] = (),
    ) -> Self:
        """Return rows with what is known of them."""
        made = cls(rows)
        made.warnings = tuple(warnings)
        made.receipts = tuple(receipts)
        return made


class CleanRows(Rows):
    """Rows as they came: every text is Unicode without NUL, no number was rounded, nothing was noticed."""


def refuse(problem: str, message: str, *, got: str = "", expected: str = "", fix: str = "") -> NoReturn:
    """Refuse a body as a whole. Raises PostrailError `bad_request`."""
    detail = Problem(field="", problem=problem, got=got, expected=expected, fix=fix, code="bad_request")
    raise PostrailError("bad_request", message, details=[detail])


def check_depth(levels: int, limits: Limits) -> None:
    """Raise PostrailError `bad_request` for a body that is nested too deep."""
    if levels > limits.max_depth:
        refuse(
            "too_deep",
            f"The body is nested more than {limits.max_depth} levels deep.",
            got=f"more than {limits.max_depth} levels",
            expected=limits.words(),
            fix="send the fields themselves, not what they lie in",
        )


def check_count(fields: int, limits: Limits) -> None:
    """Raise PostrailError `bad_request` for a body with too many members."""
    if fields > limits.max_fields:
        refuse(
            "too_many_fields",
            f"The body has more than {limits.max_fields} fields.",
            got=f"{fields} fields or more",
            expected=limits.words(),
            fix="send the fields of one post alone",
        )
