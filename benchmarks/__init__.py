"""Benchmarks: the same gradient by pullback, JAX, PyTorch, autograd and by hand. Run `python -m benchmarks`."""
