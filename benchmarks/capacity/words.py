"""The words of `docs/capacity.md`; the marks in braces stand for what was measured and reckoned."""

PAGE = """# Capacity, on paper

What 1,000, 10,000 and 100,000 TikTok accounts need, which limit comes next, and what several ledgers would
change. This page is generated (`python -m benchmarks.capacity`): unit costs of this code, measured by
`python -m benchmarks.costs`, times what one simulated day of posts asks for. Nobody has run an installation
of this size, and nothing here was measured on the real TikTok. What is assumed stands below, figure by
figure, and can be changed in `benchmarks/capacity/assumptions.yaml`.

## In short

{short}

## Unit costs

Measured {made} on: {machine} The two processors were shared with other work all the while, so figures are
processor time wherever that is possible; the rates by the clock are low for that reason, and say rather
what a loaded machine still does. How each was measured stands in `benchmarks/costs.py`. Times are
milliseconds of processor; transactions are commits, and statements outside of one.

| one | SQLite | PostgreSQL: Postrail | PostgreSQL: server | transactions |
| --- | --- | --- | --- | --- |
{units}

| | SQLite | PostgreSQL |
| --- | --- | --- |
{others}

A caller that waits takes {waiter:.0f} KiB, a server {process:.0f} MiB. A megabyte for TikTok costs {serve}
ms when Postrail sends it itself, {handoff} by hand-off to nginx (both processes). A busy server had
{connections} connections.

The parts add up: a real server spent {whole_sqlite:.0f} ms on a post from the request to its being public
on SQLite, where they sum to {parts_sqlite:.0f}; on PostgreSQL {whole_postgresql:.0f} ms (the database's
included), where they sum to {parts_postgresql:.0f}.

## What so many accounts need

One day, drawn from seed {seed}, with {posts_each:.2f} posts for each account. Serving is sized by the
busiest minute, since callers wait; working by the busiest {window} minutes in a row, since posts may. Cores
and processes are used to {utilisation:.0%}.

| on PostgreSQL | {heads} |
| --- | {rules} |
{needs}

| on SQLite, one process | {heads} |
| --- | {rules} |
{sqlite}

Asking TikTok how posts stand is {asking:.0%} of a post's processor time, mostly about the few whose
moderation takes hours or whose webhooks are lost. Most of a day is quiet: {burst:.0%} of the posts come in
the first minutes of full hours, so what is provided for them is {filled:.0%} busy on average. Workers for
bursts that may take ten minutes in place of {window} are about half as many. The ledger is told by what a
year adds to it: posts go with their timeline and their events POSTRAIL_POSTS_LIFE_DAYS after they have
settled (400, so that it comes to rest at 1.1 times the figure above).

## TikTok's own limits

| | {heads} |
| --- | {rules} |
{tiktok}

A creator's inits and status calls are paced by the ledger (`connector/engine/budget.py`), so TikTok's
limits by the minute are kept however many processes there are; what would come too fast waits. Limits by
the day are TikTok's to refuse by. TikTok documents no limit of these calls for an app or for an address; if
there is one, it is not here.

## Where the next wall stands

In accounts, from a day of {reference:,} of them by the rule of three.

| accounts | on | limit | what moves it | several ledgers |
| --- | --- | --- | --- | --- |
{walls}

{nexts}

Beyond a rate of our own nothing is lost: posts are accepted and wait, so a burst takes longer to be worked
off. Beyond TikTok's caps posts are refused.

Events are numbered under a lock that is held until its transaction is on the disk, so that no reader passes
by one that commits late. Its rate was measured by the clock from one process on this machine: several may
reach more, a database across a network or on a slower disk takes less.

## Several ledgers

Partitioned by account: N installations of Postrail, each with its own PostgreSQL, its own processes and a
share of the accounts. {most:,} accounts:

| | {parts_heads} |
| --- | {parts_rules} |
{partitions}

It changes what is counted in one database: the numbering of events, connections, the size of tables and of
backups, how long a migration or a recovery takes, and how many accounts an outage stops. It costs processes
that are less well filled, and what they spend idle.

It does not change what is counted elsewhere. TikTok counts users by app and posts by creator, so as many
apps are needed; the bytes, the processor time of a post and the memory of a caller that waits stay what
they are. A creator's posts must all be on one ledger, whichever app they go by: rate slots, the one init at
a time and the check for repeats are rows beside them.

Split by account alone, it wants a router before the servers that is not there: an API key would have to be
known to several ledgers, lists of accounts and of events to be put together, a retry under an idempotency
key to reach the ledger that has bound it, and each of TikTok's webhooks, all of which come to one address
for each app, the ledger that knows its `publish_id`. Split by workspace, with apps of its own for each
ledger, it needs none of this: these are installations side by side. That is the one to begin with.

## What is assumed

| figure | value | what it is | source |
| --- | --- | --- | --- |
{assumptions}

## What is left out

- TikTok's refusals, 429s and outages, and the repeats they cause; drafts in inboxes; posts that fail.
- Dashboards, polling triggers and callers that ask by Check Status: each costs about a `status`.
- Conversions of photos and looks into unusual videos, in child processes (`benchmarks/report.md`).
- The disk: media and ledger were in the machine's cache. A database on another machine adds a round trip to
  each statement, and one that writes slower holds its locks longer.
- The Celery engine: its broker and its messages come on top.
- The size of the ledger: costs were measured on some hundred posts.
- An app with a known cap of users (one without its audit, or after TikTok has refused one more user): at
  each acceptance its posts of the last 24 hours are looked at.
- Sweeping what is no longer kept: each post is deleted once, in a few milliseconds.
"""
