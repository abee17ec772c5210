"""A process that writes until it is killed, and says of each write that it was acknowledged.

`python -m tests.integration.store.store_writer URL NAME KEYED LIMIT` accepts posts with the keys NAME-0,
NAME-1, ... and prints each post's id. With KEYED `same` the keys do not carry the name, so that processes
compete for them. A LIMIT of -1 is none.
"""

import sys
from itertools import count

from connector.kernel.clock import SystemClock
from connector.kernel.ids import SystemIds
from connector.store.database import open_database
from connector.store.ledger import SqlLedger
from tests.ledgers import new_post


def main(url: str, name: str, keyed: str, limit: int) -> None:
    """Accept up to `limit` posts, one after the other."""
    ledger = SqlLedger(open_database(url), ids=SystemIds(SystemClock()))
    for n in count():
        if n == limit:
            return
        key = f"{n}" if keyed == "same" else f"{name}-{n}"
        print(ledger.accept(new_post(idempotency_key=key)).post.id, flush=True)  # noqa: T201 - the acknowledgement


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
