"""One verb on the database, from the command line."""

from server.store.beside import do

__all__ = ["do"]
