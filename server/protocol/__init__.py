"""Every frame and body on the wire, both ways."""
