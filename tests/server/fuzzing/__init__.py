"""Hostile requests and frames made by machine: from the OpenAPI, from corpora, and from random bytes."""
