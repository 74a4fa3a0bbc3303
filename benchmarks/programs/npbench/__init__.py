"""The 37 NPBench kernels of DaCe's gradient tests, written anew as in-place loop-and-slice NumPy.

Sizes S and M are NPBench's (Ziogas et al., "NPBench: a benchmarking suite for high-performance NumPy", ICS
2021). What differs from NPBench, for every kernel: data are float64, random and well conditioned where
NPBench's are degenerate (a zero velocity field, weights that saturate a softmax), and the results are summed with
fixed random weights, which are arguments, so that the gradient tests every output. Gradients are taken for all
float arrays that the kernel reads.
"""
