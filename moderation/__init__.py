"""Judgement: text, facts and ``now`` in, verdicts out.

Pure: no clock, no asyncio, no I/O beyond loading its own files once. Never imports ``server``.
"""
