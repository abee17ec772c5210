"""What is offered: `manifests/` and `schemas/` as frozen objects, and rows of text turned into typed input.

Reads those two folders once. Must not know HTTP or SQL.
"""

from connector.contract.contract import Contract, load_contract
from connector.contract.model import Connector, Dialect, ErrorEntry, Operation
from connector.contract.receipt import Ignored, Receipt, Understanding
from connector.contract.rows import Rows, rows_from_json, rows_from_pairs
from connector.contract.translate import Translated

__all__ = [
    "Connector",
    "Contract",
    "Dialect",
    "ErrorEntry",
    "Ignored",
    "Operation",
    "Receipt",
    "Rows",
    "Translated",
    "Understanding",
    "load_contract",
    "rows_from_json",
    "rows_from_pairs",
]
