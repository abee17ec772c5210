"""The Celery engine: tells workers through a broker which post is due, and holds no truth.

To the broker goes (table, id, token) and nothing else. The ledger decides who works, so that losing the
broker with all that is in it loses nothing. May talk to the broker. Must not import an adapter or settings.
"""
