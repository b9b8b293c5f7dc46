"""Malformed frames and requests, made from the models themselves, sent to a real server."""
