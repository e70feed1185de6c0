"""Reports as PDF, which jobs generate."""
