"""`postrail check`."""

import sys

import click

from connector.contract.check import check_all


@click.command(epilog="Example: postrail check")
def check() -> None:
    """Validate the manifests and schemas with all their examples and anti-examples."""
    findings = check_all()
    for finding in findings:
        click.echo(f"{finding.file}: {finding.where}: {finding.what}\n    cure: {finding.cure}", err=True)
    if findings:
        click.echo(f"{len(findings)} problems found.", err=True)
        sys.exit(1)
    click.echo("Manifests and schemas are in order.")
