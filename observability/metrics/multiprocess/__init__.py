"""Metrics of several processes: one file per process in a shared folder, and the sum over all files."""
