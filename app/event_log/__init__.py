"""The log of events, from which clients catch up with what their webhooks and streams missed."""
