"""What the fuzzer has found worth keeping is understood or refused, without the fuzzer."""

from pathlib import Path

import pytest

from fuzz.target import run

CORPUS = sorted((Path(__file__).parents[2] / "fuzz" / "corpus").iterdir())


def test_there_is_a_corpus() -> None:
    assert len(CORPUS) > 100


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name[:12])
def test_an_input_of_the_corpus_keeps_every_promise(path: Path) -> None:
    run(path.read_bytes())
