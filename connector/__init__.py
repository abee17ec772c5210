"""Postrail: rows of text in from any workflow tool, one published TikTok post out, and the truth about it.

Every package below is a room; its docstring says what it is for and what it may not touch.
"""
