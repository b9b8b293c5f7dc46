"""Copies of a community: kept in a file, brought back from it, or taken to another database."""
