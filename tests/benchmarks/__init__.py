"""The CPU cost of a request, as ratios between variants measured in one run: ``python -m tests.benchmarks``."""
