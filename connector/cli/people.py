"""The people of a CSV file, as spreadsheets write it."""

import csv
import io
from typing import TextIO

from connector.settings import SettingsError

COLUMN = "name"
ENCODING = "utf-8-sig"
"""UTF-8, with or without the mark that Excel puts in front."""

SEPARATORS = ",;\t"
"""What stands between two columns; Excel writes a semicolon wherever the comma is the decimal sign."""


def names_in(table: TextIO) -> list[str]:
    """Read the column `name` of a CSV file whose first row names its columns.

    Raises SettingsError where that column is missing (a link to nobody is a link for anybody), where it
    holds nothing, and for a file that is no CSV in UTF-8.
    """
    columns, *people = _rows(table) or [[]]
    named = [column.strip().lower() for column in columns]
    if COLUMN not in named:
        found = ", ".join(repr(column.strip()) for column in columns) or "none"
        raise SettingsError(
            f"the CSV file has no column name; its first row has {found}. "
            "Give the column of the people's names the heading: name"
        )
    at = named.index(COLUMN)
    names = [row[at].strip() for row in people if len(row) > at and row[at].strip()]
    if not names:
        raise SettingsError("the CSV file names nobody: its column name is empty")
    return names


def _rows(table: TextIO) -> list[list[str]]:
    """Return the rows that hold anything."""
    try:
        text = table.read()
        rows = list(csv.reader(io.StringIO(text), delimiter=_separator(text)))
    except UnicodeDecodeError as error:
        raise SettingsError("the CSV file is not UTF-8; save it as CSV UTF-8") from error
    except csv.Error as error:
        raise SettingsError(f"the CSV file cannot be read: {error}") from error
    return [row for row in rows if any(cell.strip() for cell in row)]


def _separator(text: str) -> str:
    """Return what the first row is separated by, a comma where nothing is."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    return max(SEPARATORS, key=first.count)
