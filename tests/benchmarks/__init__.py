"""What a request costs, as ratios between variants that are measured in one run: ``python -m tests.benchmarks``."""
