"""Downloads: objects with ranges, conditional requests and harmless headers."""
