"""Who may ask how often: policies, the counters that several workers share, and the headers that tell clients."""
