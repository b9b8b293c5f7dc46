"""What must hold, what shows it and what it showed last: docs/security/evidence.toml, and its page."""
