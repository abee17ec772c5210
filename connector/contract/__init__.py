"""What is offered: `manifests/` and `schemas/` as frozen objects, and rows of text turned into typed input.

Reads those two folders once. Must not know HTTP or SQL.
"""

from connector.contract.bounds import LIMITS, Limits, Rows, refuse
from connector.contract.contract import Contract, load_contract
from connector.contract.forms import pairs_of_form, rows_from_form
from connector.contract.model import Connector, Dialect, ErrorEntry, Operation, Tool
from connector.contract.names import rows_from_pairs
from connector.contract.receipt import Ignored, Receipt, Understanding
from connector.contract.rows import rows_from_json
from connector.contract.translate import Translated

__all__ = [
    "LIMITS",
    "Connector",
    "Contract",
    "Dialect",
    "ErrorEntry",
    "Ignored",
    "Limits",
    "Operation",
    "Receipt",
    "Rows",
    "Tool",
    "Translated",
    "Understanding",
    "load_contract",
    "pairs_of_form",
    "refuse",
    "rows_from_form",
    "rows_from_json",
    "rows_from_pairs",
]
