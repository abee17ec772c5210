"""How the commands of an incident tell what an operation has answered."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., object])


def json_option(command: Command) -> Command:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print the answer as one JSON object.")(
        command
    )


def print_json(answer: Mapping[str, Any]) -> None:
    """Print an answer for programs."""
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))


def ends(answer: Mapping[str, Any], *, as_json: bool) -> None:
    """Tell of a refusal, and end with exit status 1; return where there is none."""
    if "request_id" not in answer:
        return
    if as_json:
        print_json(answer)
        sys.exit(1)
    click.secho(f"{answer['error']}: {answer['message']}", fg="red", err=True)
    for problem in answer["details"]:
        click.echo(f"  {problem['field']}: {problem['fix']}", err=True)
    click.echo(f"What to do: {answer['fix']}", err=True)
    sys.exit(1)


def tell_warnings(answer: Mapping[str, Any]) -> None:
    """Print what deserves a look, on standard error."""
    for warning in answer["warnings"]:
        click.secho(f"warning: {warning}", fg="yellow", err=True)
