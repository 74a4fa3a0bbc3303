"""A fuzzer of typed random Python/NumPy programs: ``python -m tests.fuzz --n 1000 --seed 0``."""
