"""What a request costs in each layer, as a count that is the same on every machine."""
