"""How unit costs are measured; `benchmarks/costs.py` says what each means, and writes them down.

ground.py  a sandbox, a media host, a ledger with many accounts
meter.py   processor time, transactions, sizes
door.py    at a real server, over HTTP
inside.py  the engine's own steps, in one process
"""
