"""What the WebSockets of all versions share: frames in and out, limits, and the caller."""
