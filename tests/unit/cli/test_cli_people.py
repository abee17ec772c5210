"""Whom a CSV file names."""

import io

import pytest

from connector.cli.people import ENCODING, names_in
from connector.settings import SettingsError


def read(content: bytes) -> list[str]:
    """Read a file as the command line opens it."""
    return names_in(io.TextIOWrapper(io.BytesIO(content), encoding=ENCODING))


@pytest.mark.parametrize(
    "content",
    [
        b"name\nMia\nJo\n",
        b"email,Name\nm@example.com,Mia\n,\n,Jo\n",
        b"\xef\xbb\xbfname;email\r\nMia;m@example.com\r\n\r\nJo;\r\n",
        b"email\tname\nm@example.com\tMia\n\tJo\n",
        "name,note\nMia,one\u2028two\nJo,\n".encode(),
        b'\xef\xbb\xbf"name","note"\n"Mia","a;b"\n"Jo","one\ntwo"\n',
    ],
    ids=["one column", "second column", "Excel with semicolons", "tabs", "odd line break", "quoted"],
)
def test_the_people_are_those_in_the_column_name(content: bytes) -> None:
    assert read(content) == ["Mia", "Jo"]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"nome\nMia\n", "'nome'"),
        (b"email,vorname\nm@example.com,Mia\n", "'email', 'vorname'"),
        (b"\xef\xbb\xbfVorname;E-Mail\r\nMia;m@example.com\r\n", "'Vorname', 'E-Mail'"),
        (b"Mia\nJo\n", "'Mia'"),
        (b"", "none"),
    ],
)
def test_a_file_without_that_column_is_refused_with_those_it_has(content: bytes, found: str) -> None:
    with pytest.raises(SettingsError, match="no column name") as caught:
        read(content)
    assert f"its first row has {found}." in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name\n\n  \n", "names nobody"),
        ("name\nJosé\n".encode("cp1252"), "not UTF-8"),
        ("name\nMia\n".encode("utf-16"), "not UTF-8"),
        (b"name\n" + b"x" * 200_000, "cannot be read"),
    ],
)
def test_a_file_that_names_nobody_or_cannot_be_read_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read(content)
