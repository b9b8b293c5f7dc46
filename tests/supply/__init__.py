"""What we build on: a bill of materials, the licence of each package, and the hash of each model file."""
