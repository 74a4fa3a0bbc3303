"""pullback: gradients of plain Python/NumPy functions as native code, by source transformation."""

from pullback.runtime.native import clear_arenas

from .api import Transformed, grad, hvp, jit, jvp, stop_gradient, value_and_grad, vjp
from .api_jacobian import hessian, jacfwd, jacobian, jacrev
from .check import check_grads
from .custom import checkpoint, custom_jvp, custom_vjp, debug, segments
from .errors import (
    InternalError,
    PullbackAttributeError,
    PullbackError,
    PullbackIndexError,
    PullbackKeyError,
    PullbackTypeError,
    PullbackValueError,
    UnsupportedError,
)

__version__ = "0.1.0"

__all__ = [
    "InternalError",
    "PullbackAttributeError",
    "PullbackError",
    "PullbackIndexError",
    "PullbackKeyError",
    "PullbackTypeError",
    "PullbackValueError",
    "Transformed",
    "UnsupportedError",
    "check_grads",
    "checkpoint",
    "clear_arenas",
    "custom_jvp",
    "custom_vjp",
    "debug",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jit",
    "jvp",
    "segments",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
