"""The benchmark programs, one module each; `benchmarks.program` says what a module has."""
