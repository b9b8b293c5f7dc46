"""Real conversations through the public interface, counted: `hearth replay`.

It is a client like any other. Only its staff and its rooms are made beside the server, in the
database, when that is on this machine; otherwise tokens are given to it.
"""
