"""exp and tanh as a few instructions each, which LLVM vectorises in place: no call, no spilled registers.

exp(x) = 2**n * (1 + p), where n = round(x / ln 2), r = x - n * ln 2 (in two parts, by fused multiply-adds) and
p = r + r**2 * q(r); the polynomial q is fitted to (exp(r) - 1 - r) / r**2 at Chebyshev nodes of [-ln(2)/2, ln(2)/2].
n comes from the low bits of x / ln 2 + 1.5 * 2**52, and is added to the exponent; where the result is not in the
normal range a power of two is left for a last product, which rounds once. tanh(x) = -m / (2 + m) for x >= 0, with
m = exp(-2 * x) - 1 = 2**n * p + (2**n - 1). At most 2 ulp (tanh 2.5); NaN, infinities, zeros and subnormal results are
as in libm. Method: Cody and Waite, Software Manual for the Elementary Functions (1980), the polynomial in
Estrin's order.

What must not be reassociated is a fused multiply-add or an integer operation, whatever flags Numba gives to the rest.
"""

# mypy: disable-error-code="no-untyped-call,attr-defined,no-any-return"
from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, final

from llvmlite import ir


@final
@dataclass(frozen=True, slots=True)
class _Format:
    """The constants of a floating-point format."""

    bits: int
    mantissa: int
    bias: int
    q: tuple[float, ...]
    ln2: tuple[float, float]
    low: float  # below, the result is subnormal or 0
    high: float  # above, the result may be infinite
    least: float  # below, it is 0
    greatest: float  # above, it is infinite
    one: float  # from here on tanh is 1


_DOUBLE = _Format(
    64, 52, 1023,
    (
        0.5000000000000001, 0.16666666666666669, 0.04166666666662413, 0.008333333333330062, 0.0013888888917213717,
        0.00019841269863053618, 2.4801521295954376e-05, 2.7557268459997064e-06, 2.7620088445409746e-07,
        2.510038549551032e-08,
    ),
    (float.fromhex("0x1.62e42fee00000p-1"), float.fromhex("0x1.a39ef35793c76p-33")),
    -708.0, 709.0, -746.0, 710.0, 22.0,
)  # fmt: skip
_SINGLE = _Format(
    32, 23, 127,
    (0.5, 0.16666576989698775, 0.041666554617204574, 0.008363179052722578, 0.0013926183587713494),
    (0.693359375, -2.12194440e-4),
    -87.0, 88.0, -104.0, 89.0, 10.0,
)  # fmt: skip
_LOG2_E = 1.4426950408889634


@functools.cache
def available() -> bool:
    """Whether the machine has fused multiply-adds, without which libm is faster."""
    from llvmlite import binding as ll

    return bool(ll.get_host_cpu_features().get("fma"))


class _Emitter:
    """Emits on scalars of one format."""

    def __init__(self, builder: Any, x: Any):
        self.b = builder
        self.t = x.type
        self.format = _DOUBLE if isinstance(x.type, ir.DoubleType) else _SINGLE
        self.int = ir.IntType(self.format.bits)

    def number(self, value: float) -> Any:
        return ir.Constant(self.t, value)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        kind = ir.FunctionType(self.t, [self.t] * 3)
        return self.b.call(self.b.module.declare_intrinsic("llvm.fma", [self.t], kind), [a, b, c])

    def fabs(self, x: Any) -> Any:
        kind = ir.FunctionType(self.t, [self.t])
        return self.b.call(self.b.module.declare_intrinsic("llvm.fabs", [self.t], kind), [x])

    def where(self, compare: str, x: Any, bound: float, then: Any, otherwise: Any) -> Any:
        return self.b.select(self.b.fcmp_ordered(compare, x, self.number(bound)), then, otherwise)

    def bits_of(self, x: Any) -> Any:
        return self.b.bitcast(x, self.int)

    def reduced(self, x: Any) -> tuple[Any, Any]:
        """n shifted to where an exponent is, and p with exp(x) = 2**n * (1 + p)."""
        f = self.format
        magic = self.number(1.5 * 2.0**f.mantissa)
        t = self.fma(x, self.number(_LOG2_E), magic)
        n = self.b.fsub(t, magic)
        r = self.fma(n, self.number(-f.ln2[0]), x)
        r = self.fma(n, self.number(-f.ln2[1]), r)
        square = self.b.fmul(r, r)
        p = self.fma(square, self.polynomial(r, square), r)
        return self.b.shl(self.bits_of(t), ir.Constant(self.int, f.mantissa)), p

    def polynomial(self, r: Any, power: Any) -> Any:
        """q(r) by pairs, then pairs of pairs; `power` is r**2."""
        terms = [self.number(c) for c in self.format.q]
        factor = r
        while len(terms) > 1:
            pairs = [self.fma(terms[k + 1], factor, terms[k]) for k in range(0, len(terms) - 1, 2)]
            terms = pairs + terms[2 * len(pairs) :]
            factor, power = power, self.b.fmul(power, power)
        return terms[0]


def exp(builder: Any, x: Any) -> Any:
    """exp(x) of a scalar."""
    e = _Emitter(builder, x)
    f = e.format
    inside = e.where("<", x, f.least, e.number(f.least), e.where(">", x, f.greatest, e.number(f.greatest), x))
    n, p = e.reduced(inside)
    none = ir.Constant(e.int, 0)
    up, down = ir.Constant(e.int, 64 << f.mantissa), ir.Constant(e.int, -2 << f.mantissa)
    shift = e.where("<", x, f.low, up, e.where(">", x, f.high, down, none))
    rest = e.where("<", x, f.low, e.number(2.0**-64), e.where(">", x, f.high, e.number(4.0), e.number(1.0)))
    bits = builder.add(builder.add(e.bits_of(builder.fadd(p, e.number(1.0))), n), shift)
    y = builder.fmul(builder.bitcast(bits, e.t), rest)
    return builder.select(builder.fcmp_unordered("uno", x, x), x, y)


def tanh(builder: Any, x: Any) -> Any:
    """tanh(x) of a scalar."""
    e = _Emitter(builder, x)
    f = e.format
    size = e.fabs(x)
    size = e.where(">", size, f.one, e.number(f.one), size)
    n, p = e.reduced(builder.fmul(size, e.number(-2.0)))
    scale = builder.bitcast(builder.add(n, ir.Constant(e.int, f.bias << f.mantissa)), e.t)
    m = e.fma(scale, p, builder.fsub(scale, e.number(1.0)))
    y = builder.fdiv(builder.fneg(m), builder.fadd(m, e.number(2.0)))
    kind = ir.FunctionType(e.t, [e.t] * 2)
    return builder.call(builder.module.declare_intrinsic("llvm.copysign", [e.t], kind), [y, x])
