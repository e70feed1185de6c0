"""Rate limits: policies, counters that workers share, and the response headers for clients."""
