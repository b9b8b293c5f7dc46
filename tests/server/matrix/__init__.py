"""The access table asserted cell by cell: who asks, for what, standing how, over real HTTP and sockets."""
