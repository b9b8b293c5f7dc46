"""How many durable inserts a second, and how long each waits: ways to write that were compared."""
