"""Capacity on paper: what so many accounts need, from measured unit costs and written-down assumptions.

`python -m benchmarks.capacity` writes `docs/capacity.md` from `benchmarks/costs.json` (measured by
`python -m benchmarks.costs`) and `assumptions.yaml`. Everything but reading and writing these files is pure.

cost.py         unit costs
assumptions.py  what is assumed, each with its source
day.py          one day of posts, drawn from a seed, counted by the minute
needs.py        what a day needs of machines, database, memory, storage and lines
walls.py        where each limit stands, in accounts
page.py         the page
"""
