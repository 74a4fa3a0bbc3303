"""Small IR functions with arguments, for tests of the native level: the edges of each kind of op."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Program = tuple[str, str, list[tuple[Any, ...]]]

nan, inf = math.nan, math.inf

PROGRAMS: list[Program] = [
    (
        "an index that may be out of range",
        """func f(%x: f64[n0], %i: int) -> (f64) {
          %a = load %x, %i {index=(at,)} : f64
          return %a
        }""",
        [(np.arange(4.0), i) for i in (0, -1, 3, -4, 4, -5)] + [(np.zeros(0), 0)],
    ),
    (
        "an in-place loop",
        """func f(%x: f64[n0]) -> (f64[n0]) {
          %n = extent {dim=n0} : int
          %y = for 1, %n, 1, %x {stop=False} : f64[n0] {(%k: int, %c: f64[n0]):
            %j = sub %k, 1 : int
            %a = load %c, %k {index=(at,)} : f64
            %b = load %c, %j {index=(at,)} : f64
            %m = mul %a, %b : f64
            %d = store %c, %k, %m {index=(at,)} : f64[n0]
            yield %d
          }
          return %y
        }""",
        [(np.arange(1.0, 5.0),), (np.zeros(0),), (np.ones(1),)],
    ),
    (
        "remainders of indices",
        """func f(%x: f64[n0], %m: int) -> (f64[n0]) {
          %n = extent {dim=n0} : int
          %z = full 0.0 {shape=(n0,), dtype='f64'} : f64[n0]
          %y = for 0, %n, 1, %z {stop=False} : f64[n0] {(%i: int, %c: f64[n0]):
            %i1 = add %i, 1 : int
            %i2 = sub %i, 1 : int
            %i3 = add %i, %n : int
            %i4 = sub %i, 2 : int
            %i5 = mul %i, 3 : int
            %r0 = mod %i, %n : int
            %r1 = mod %i1, %n : int
            %r2 = mod %i2, %n : int
            %r3 = mod %i3, %n : int
            %r4 = mod %i4, %n : int
            %r5 = mod %i5, %n : int
            %r6 = mod %i1, %m : int
            %a0 = load %x, %r0 {index=(at,)} : f64
            %a1 = load %x, %r1 {index=(at,)} : f64
            %a2 = load %x, %r2 {index=(at,)} : f64
            %a3 = load %x, %r3 {index=(at,)} : f64
            %a4 = load %x, %r4 {index=(at,)} : f64
            %a5 = load %x, %r5 {index=(at,)} : f64
            %a6 = load %x, %r6 {index=(at,)} : f64
            %b1 = mul %a0, %a1 : f64
            %b2 = sub %b1, %a2 : f64
            %b3 = mul %b2, %a3 : f64
            %b4 = sub %b3, %a4 : f64
            %b5 = mul %b4, %a5 : f64
            %b6 = sub %b5, %a6 : f64
            %d = store %c, %r1, %b6 {index=(at,)} : f64[n0]
            yield %d
          }
          return %y
        }""",
        [(np.arange(1.0, n + 1), m) for n in (0, 1, 2, 3, 7) for m in (1, 2, -1, 0, 5)],
    ),
    (
        "a loop downwards that may stop",
        """func f(%x: f64[n0]) -> (int, float) {
          %n = extent {dim=n0 - 1} : int
          %k, %s = for %n, -1, -1, 0.0 {stop=True} : int, float {(%i: int, %c: float):
            %a = load %x, %i {index=(at,)} : f64
            %b = cast %a {dtype='f64', weak=True} : float
            %d = add %c, %b : float
            %e = gt %d, 3.0 : bool
            yield %e, %d
          }
          return %k, %s
        }""",
        [(np.arange(4.0),), (np.array([5.0, 1.0, 2.0]),), (np.zeros(0),)],
    ),
    (
        "carries that change places",
        """func f(%x: f64[n0], %y: f64[n0]) -> (f64[n0], f64[n0], int, int) {
          %a, %b, %i, %j = for 0, 3, 1, %x, %y, 1, 2 {stop=False} : f64[n0], f64[n0], int, int {
            (%k: int, %p: f64[n0], %q: f64[n0], %u: int, %v: int):
            %s = add %p, %q : f64[n0]
            %w = add %u, %v : int
            yield %q, %s, %v, %w
          }
          return %a, %b, %i, %j
        }""",
        [(np.arange(3.0), np.ones(3)), (np.zeros(0), np.zeros(0))],
    ),
    (
        "a while loop with a tape",
        """func f(%x: float) -> (float, int) {
          %t = tape_new {dtype='f64'} : tape<f64>
          %n, %t1, %y = while %t, %x {counted=True} : int, tape<f64>, float {(%ta: tape<f64>, %a: float):
            %c = lt %a, 1000.0 : bool
            yield %c
          } {(%tb: tape<f64>, %b: float):
            %b1 = cast %b {dtype='f64', weak=False} : f64
            %tc = tape_push %tb, %b1 : tape<f64>
            %d = mul %b, 1.01 : float
            yield %tc, %d
          }
          %t2, %z = for 0, %n, 1, %t1, 0.0 {stop=False} : tape<f64>, float {(%k: int, %td: tape<f64>, %e: float):
            %te, %g = tape_pop %td {shape=()} : tape<f64>, f64
            %h = cast %g {dtype='f64', weak=True} : float
            %l = add %e, %h : float
            yield %te, %l
          }
          return %z, %n
        }""",
        [(1.0,), (2000.0,)],
    ),
    (
        "division of Python numbers",
        """func f(%a: float, %b: float) -> (float) {
          %r = div %a, %b : float
          return %r
        }""",
        [(1.0, 2.0), (1.0, 0.0), (inf, nan)],
    ),
    (
        "division of Python integers",
        """func f(%a: int, %b: int) -> (int, int, float) {
          %r = floordiv %a, %b : int
          %s = mod %a, %b : int
          %t = div %a, %b : float
          return %r, %s, %t
        }""",
        [(7, 2), (-7, 2), (7, -2), (1, 0)],
    ),
    (
        "Python's math",
        """func f(%a: float) -> (float, float) {
          %r = sqrt %a {math=True} : float
          %s = log %a {math=True} : float
          return %r, %s
        }""",
        [(4.0,), (-1.0,), (0.0,), (nan,), (inf,)],
    ),
    (
        "overflow of Python's exp",
        """func f(%a: float) -> (float) {
          %r = exp %a {math=True} : float
          return %r
        }""",
        [(4.0,), (1e4,), (inf,), (-inf,)],
    ),
    (
        "extrema of an array",
        """func f(%x: f64[n0]) -> (f64, i64, i64) {
          %r = max %x {axes=(0,), keepdims=False} : f64
          %k = argmax %x {axis=0, keepdims=False} : i64
          %l = argmin %x {axis=0, keepdims=False} : i64
          return %r, %k, %l
        }""",
        [(np.array(v),) for v in ([1, 3, 2.0], [1, nan, 2.0], [], [-inf, -inf], [0.0, -0.0])],
    ),
    (
        "NaN and division by zero in arrays",
        """func f(%x: f64[n0], %y: f64[n0]) -> (f64[n0], f64[n0], f64[n0], f64[n0], f64[n0], f64[n0]) {
          %a = maximum %x, %y : f64[n0]
          %b = minimum %x, %y : f64[n0]
          %c = fmax %x, %y : f64[n0]
          %d = mod %x, %y : f64[n0]
          %e = floordiv %x, %y : f64[n0]
          %g = div %x, %y : f64[n0]
          return %a, %b, %c, %d, %e, %g
        }""",
        [(np.array([1, nan, 2.0, -3, 5, 0, -inf, 7]), np.array([nan, 1, -3, 2, 0.0, 0.0, 2, inf]))],
    ),
    (
        "integer division as NumPy's",
        """func f(%x: i64[n0], %y: i64[n0]) -> (i64[n0], i64[n0]) {
          %d = mod %x, %y : i64[n0]
          %e = floordiv %x, %y : i64[n0]
          return %d, %e
        }""",
        [(np.array([7, -7, 7, -7, 3]), np.array([2, 2, -2, -2, 0]))],
    ),
    (
        "narrow integers and float32",
        """func f(%x: i8[n0], %y: f32[n0], %s: float) -> (i8[n0], f32[n0], f32[n0], f32) {
          %a = add %x, %x : i8[n0]
          %b = mul %y, %s : f32[n0]
          %c = exp %b : f32[n0]
          %d = sum %c {axes=(0,), keepdims=False} : f32
          return %a, %b, %c, %d
        }""",
        [(np.array([100, -100, 3], np.int8), np.array([0.1, 1e30, -2], np.float32), 1.3)],
    ),
    (
        "gather and scatter",
        """func f(%x: f64[n0], %k: i64[n1]) -> (f64[n1], f64[n0]) {
          %a = load %x, %k {index=(gather,)} : f64[n1]
          %b = accum %x, %k, %a {index=(gather,)} : f64[n0]
          return %a, %b
        }""",
        [
            (np.arange(4.0), np.array([0, -1, 3, 3, 1])),
            (np.arange(4.0), np.array([0, 4])),
            (np.arange(4.0), np.array([-5, 1])),
            (np.zeros(0), np.zeros(0, int)),
            (np.arange(3.0), np.zeros(0, int)),
        ],
    ),
    (
        "a stencil in place",
        """func f(%x: f64[n0]) -> (f64[n0]) assume [n0 - 2] {
          %y = for 0, 3, 1, %x {stop=False} : f64[n0] {(%t: int, %u: f64[n0]):
            %l = load %u {index=(span(0, n0 - 2),)} : f64[n0 - 2]
            %r = load %u {index=(span(2, n0 - 2),)} : f64[n0 - 2]
            %s = add %l, %r : f64[n0 - 2]
            %h = mul %s, 0.5 : f64[n0 - 2]
            %v = store %u, %h {index=(span(1, n0 - 2),)} : f64[n0]
            yield %v
          }
          return %y
        }""",
        [(np.arange(6.0) ** 2,), (np.ones(2),)],
    ),
    (
        "recursion, with a check",
        """func f(%n: int) -> (float) {
          %r = call %n {callee='fact'} : float
          return %r
        }
        func fact(%n: int) -> (float) {
          %z = ge %n, -3 : bool
          check %z, %n {error='ValueError', message='bad {}'}
          %c = le %n, 1 : bool
          %r = if %c {} : float {
            yield 1.0
          } {
            %m = sub %n, 1 : int
            %q = call %m {callee='fact'} : float
            %n2 = cast %n {dtype='f64', weak=True} : float
            %w = mul %q, %n2 : float
            yield %w
          }
          return %r
        }""",
        [(5,), (0,), (-5,)],
    ),
    (
        "reductions along every axis",
        """func f(%x: f64[n0, n1, n2]) -> (f64, f64[n0, n1], f64[n0, n2], f64[n1, n2], f64[n1], f64[n0, 1, n2], f64) {
          %s = sum %x {axes=(0, 1, 2), keepdims=False} : f64
          %a = sum %x {axes=(2,), keepdims=False} : f64[n0, n1]
          %b = prod %x {axes=(1,), keepdims=False} : f64[n0, n2]
          %c = sum %x {axes=(0,), keepdims=False} : f64[n1, n2]
          %d = sum %x {axes=(0, 2), keepdims=False} : f64[n1]
          %e = sum %x {axes=(1,), keepdims=True} : f64[n0, 1, n2]
          %m = min %a {axes=(0, 1), keepdims=False} : f64
          return %s, %a, %b, %c, %d, %e, %m
        }""",
        [(np.random.default_rng(0).normal(size=(2, 3, 4)),), (np.random.default_rng(0).normal(size=(2, 3, 0)),)],
    ),
    (
        "functions that call each other",
        """func f(%n: int, %x: float) -> (float) {
          %r = call %n, %x {callee='even'} : float
          return %r
        }

        func even(%n: int, %x: float) -> (float) {
          %done = le %n, 0 : bool
          %r = if %done : float {
            yield %x
          } {
            %m = sub %n, 1 : int
            %y = mul %x, 2.0 : float
            %s = call %m, %y {callee='odd'} : float
            yield %s
          }
          return %r
        }

        func odd(%n: int, %x: float) -> (float) {
          %done = le %n, 0 : bool
          %r = if %done : float {
            %z = neg %x : float
            yield %z
          } {
            %m = sub %n, 1 : int
            %y = add %x, 1.0 : float
            %s = call %m, %y {callee='even'} : float
            yield %s
          }
          return %r
        }""",
        [(0, 1.5), (1, 1.5), (7, 1.5), (8, -0.5)],
    ),
]
