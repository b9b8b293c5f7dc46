"""The benchmark: one load generator, one adapter per chat server, the same work for all. See README.md."""
