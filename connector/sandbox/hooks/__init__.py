"""Webhooks out: the events of a publish, their signature, their table and their delivery.

Signs with the app's secret and knows nothing of the endpoints.
"""
