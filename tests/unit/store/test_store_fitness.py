"""What is said of a PostgreSQL server that cannot be reached, or cannot hold the ledger."""

from dataclasses import replace

import pytest

from connector.store.fitness import OLDEST, Facts, explain, objections, worries

FIT = Facts(version=OLDEST, synchronous_commit="on", fsync=True, encoding="UTF8", read_only=False)
SERVER = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: '


def test_a_server_that_is_fit_meets_no_objection() -> None:
    assert list(objections(FIT)) == []
    assert list(objections(replace(FIT, synchronous_commit="remote_apply"))) == []


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (replace(FIT, version=OLDEST - 1), "too old"),
        (replace(FIT, read_only=True), "primary"),
        (replace(FIT, encoding="SQL_ASCII"), "--encoding=UTF8"),
        (replace(FIT, synchronous_commit="off"), "may be lost"),
    ],
)
def test_an_unfit_server_is_told_why_and_what_helps(facts: Facts, said: str) -> None:
    (reason,) = objections(facts)
    assert said in reason


def test_what_is_odd_but_taken_is_warned_of() -> None:
    assert list(worries(FIT)) == []
    assert ["fsync" in worry for worry in worries(replace(FIT, fsync=False))] == [True]
    assert ["pooler" in worry for worry in worries(replace(FIT, pooled=True))] == [True]


@pytest.mark.parametrize(
    ("message", "cure"),
    [
        (f'{SERVER}FATAL:  password authentication failed for user "x"', "check user and password"),
        (f'{SERVER}FATAL:  database "postrail" does not exist', "createdb"),
        (f'{SERVER}FATAL:  role "x" does not exist', "createuser"),
        (f"{SERVER}Connection refused\n\tIs the server running on that host?", "is PostgreSQL running there"),
        ("failed to resolve host 'db.example': [Errno -2] Name or service not known", "check the host"),
        (f"{SERVER}FATAL:  the database system is starting up", "in a moment"),
        (f"{SERVER}FATAL:  sorry, too many clients already", "POSTRAIL_DATABASE_CONNECTIONS"),
        (f"{SERVER}FATAL:  unsupported startup parameter: options", "pooler"),
        ("connection timeout expired", "firewalls"),
    ],
)
def test_a_failed_connection_is_told_with_its_cure(message: str, cure: str) -> None:
    said = explain(message)
    assert cure in said
    assert "\n" not in said


def test_a_failure_in_another_language_is_told_as_it_is() -> None:
    assert explain("connection failed: FATAL:  rien ne va plus\nplus") == "FATAL:  rien ne va plus"
    assert explain("") == "the server does not answer"
