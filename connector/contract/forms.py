"""Urlencoded text into pairs: bodies of forms, and queries."""

from urllib.parse import unquote_to_bytes

from connector.contract.bounds import LIMITS, Limits, Rows, check_count, refuse
from connector.contract.names import rows_from_pairs


def _plain(text: str) -> str:
    """Read one name or value: `+` is a blank, `%41` a byte of UTF-8. Raises UnicodeDecodeError."""
    if "+" in text:
        text = text.replace("+", " ")
    return unquote_to_bytes(text).decode() if "%" in text else text


def pairs_of_form(data: bytes, limits: Limits = LIMITS) -> list[tuple[str, object]]:
    """Split an urlencoded body into its pairs, in order, empty values kept.

    Raises PostrailError `bad_request` for bytes that are not UTF-8, and out of bounds.
    """
    check_count(data.count(b"&") + 1, limits)
    try:
        parts = [part.partition("=") for part in data.decode("utf-8-sig").split("&") if part]
        return [(_plain(name), _plain(value)) for name, _, value in parts]
    except UnicodeDecodeError as error:
        refuse(
            "not_utf8",
            "The form is not UTF-8 text.",
            got=f"byte {error.object[error.start]:#04x}",
            expected="UTF-8",
            fix="send the text as UTF-8; send files as URLs",
        )


def rows_from_form(data: bytes, limits: Limits = LIMITS) -> Rows:
    """Read an urlencoded body. Raises PostrailError `bad_request`."""
    return rows_from_pairs(pairs_of_form(data, limits), limits)
