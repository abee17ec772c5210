"""Who may log in to whom: apps, consents, codes and tokens of the pretend Login Kit; tables and pure rules.

No route stands here, and nothing about publishing.
"""
