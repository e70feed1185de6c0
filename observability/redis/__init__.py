"""Redis as rate limits and the response cache use it: round trips are shared, and an outage delays no request."""
