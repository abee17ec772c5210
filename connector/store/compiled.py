"""Statements that are run often: written in SQLAlchemy Core, compiled once, run by the driver itself.

Core's own way to run a statement looks it up by what it is made of, each time, and makes a result that knows
everything about its rows. That takes several times as long as the database does. What is run here is the same
text with the same values: types are converted as Core converts them, and errors are Core's.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import CompileError, DBAPIError
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Source = Executable | Callable[[str], Executable]
"""A statement, or what makes it for a dialect, by its name."""

Convert = Callable[[Any], Any]
NOTHING: Mapping[str, object] = {}


@dataclass(frozen=True)
class _Form:
    """What a statement is for one driver.

    `order` names the values where the driver wants them by position; None where it takes them by name.
    `fixed` are those that the statement brings along. `into` and `out_of` convert values and columns, those
    alone that the driver does not give and take as they are.
    """

    text: str
    order: tuple[str, ...] | None
    fixed: Mapping[str, object]
    into: tuple[tuple[str, Convert], ...]
    columns: tuple[str, ...]
    out_of: tuple[tuple[str, Convert], ...]

    def values(self, given: Mapping[str, object]) -> Any:  # noqa: ANN401 - as its driver takes them
        """Return what the driver is given. Raises KeyError for a value that is missing."""
        if self.fixed:
            given = {**self.fixed, **given}
        if self.into:
            given = {**given, **{name: convert(given[name]) for name, convert in self.into}}
        return given if self.order is None else tuple(given[name] for name in self.order)

    def row(self, found: tuple[Any, ...]) -> dict[str, Any]:
        """Return a row by the names of its columns."""
        row = dict(zip(self.columns, found, strict=True))
        for name, convert in self.out_of:
            row[name] = convert(row[name])
        return row


class Compiled:
    """One statement. `writes`: the columns that an INSERT, or an UPDATE without values, is given.

    It is given values by name: those of its `bindparam`s, and of `writes`. What it can be given has a fixed
    number of values: a list of any length cannot be compiled once. `conn` must be in a transaction that was
    begun expressly, or in autocommit mode: nothing here begins one.
    """

    def __init__(self, source: Source, writes: Iterable[str] = ()) -> None:
        self._source = source
        self._writes = tuple(writes)
        self._forms: dict[str, _Form] = {}

    def run(self, conn: Connection, given: Mapping[str, object] = NOTHING) -> int:
        """Run it; return how many rows it has written."""
        rowcount: int = self._run(conn, given)[1].rowcount
        return rowcount

    def rows(self, conn: Connection, given: Mapping[str, object] = NOTHING) -> list[dict[str, Any]]:
        """Run it; return the rows that it gives, by the names of their columns."""
        form, cursor = self._run(conn, given)
        return [form.row(found) for found in cursor.fetchall()]

    def first(self, conn: Connection, given: Mapping[str, object] = NOTHING) -> dict[str, Any] | None:
        """Run it; return the first row that it gives, None where it gives none."""
        form, cursor = self._run(conn, given)
        found = cursor.fetchall()
        return form.row(found[0]) if found else None

    def _run(self, conn: Connection, given: Mapping[str, object]) -> tuple[_Form, Any]:
        dialect = conn.dialect
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = _form(self._source, self._writes, dialect)
        driver: Any = conn.connection.driver_connection
        try:
            return form, driver.execute(form.text, form.values(given))
        except dialect.loaded_dbapi.Error as error:
            raise _told(conn, form.text, error) from error


def _form(source: Source, writes: tuple[str, ...], dialect: Dialect) -> _Form:
    """Compile a statement. Raises CompileError for one that takes a list."""
    statement: Any = source(dialect.name) if callable(source) else source
    compiled: SQLCompiler = statement.compile(dialect=dialect, column_keys=list(writes) or None)
    if compiled.post_compile_params:
        raise CompileError(f"takes a list: {compiled}")
    taken = {name: compiled.binds[name] for name in compiled.params}
    columns: Mapping[str, Any] = dict(getattr(statement, "exported_columns", {}).items())
    return _Form(
        text=str(compiled),
        order=tuple(compiled.positiontup) if compiled.positiontup is not None else None,
        fixed={name: _plain(bind.value) for name, bind in taken.items() if not bind.required},
        into=_converters(
            dialect,
            {name: bind.type for name, bind in taken.items()},
            lambda one: one.bind_processor(dialect),
        ),
        columns=tuple(columns),
        out_of=_converters(
            dialect,
            {name: column.type for name, column in columns.items()},
            lambda one: one.result_processor(dialect, None),
        ),
    )


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value


def _converters(
    dialect: Dialect, types: Mapping[str, TypeEngine[Any]], of: Callable[[TypeEngine[Any]], Convert | None]
) -> tuple[tuple[str, Convert], ...]:
    """Return what converts values, by their names, for those that need it."""
    found = {name: of(kind.dialect_impl(dialect)) for name, kind in types.items()}
    return tuple((name, convert) for name, convert in found.items() if convert is not None)


def _told(conn: Connection, text: str, error: Exception) -> BaseException:
    """Return Core's error for a driver's, and give the connection up where it is gone."""
    dialect = conn.dialect
    driver: Any = conn.connection.driver_connection
    gone = dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type] # a driver's own error
    if gone:
        # Core finds out by itself, and gives up what else its pool has from before.
        with suppress(DBAPIError):
            conn.exec_driver_sql("SELECT 1")
    base = dialect.loaded_dbapi.Error
    return DBAPIError.instance(
        text, None, error, base, hide_parameters=True, connection_invalidated=gone, dialect=dialect
    )
