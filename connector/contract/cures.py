"""What to do about a tool's mistake, in each tool: the manifests' words put together."""

from collections.abc import Iterable

from connector.contract.model import Tool
from connector.contract.suspect import OF_TOOLS


def cures_of(tools: Iterable[Tool]) -> dict[str, str]:
    """Return the cure of every mistake: in general, then in each tool that has its own."""
    known = list(tools)
    return {
        problem: ". ".join(
            [mistake.fix]
            + [f"{tool.label}: {tool.cures[problem]}" for tool in known if problem in tool.cures]
        )
        for problem, mistake in OF_TOOLS.items()
    }
