/* Adjoints of the linear stencils. The gradient alone needs no primal: every function computes the value only if asked. */
#include <stdlib.h>
#include <string.h>

/* One reverse step of X_inside = stencil(Y): the adjoint of X inside, `from`, goes to that of Y. Fields are padded by a
   zero all around, and hold the adjoint inside; what reaches the border is added up in `border`, which is not padded. */

void jacobi_1d_grad(long n, long steps, const double *w, double *ga, double *gb) {
  double *a = calloc(n + 2, sizeof *a), *b = calloc(n + 2, sizeof *b);
  const double c = 0.33333;
  memcpy(ga, w, n * sizeof *ga);
  memcpy(gb, w + n, n * sizeof *gb);
  for (long i = 1; i < n - 1; i++) { a[i + 1] = ga[i]; b[i + 1] = gb[i]; }
  int fresh = 0; /* whether b holds only what was there at the end */
  for (long t = steps - 2; t >= 0; t--) {
    double old = fresh ? 0.0 : 1.0;
    gb[0] += c * a[2];
    gb[n - 1] += c * a[n - 1];
    for (long i = 2; i < n; i++) b[i] = c * (a[i - 1] + a[i] + a[i + 1]) + old * b[i];
    ga[0] += c * b[2];
    ga[n - 1] += c * b[n - 1];
    for (long i = 2; i < n; i++) a[i] = c * (b[i - 1] + b[i] + b[i + 1]);
    if (!fresh) fresh = 1;
  }
  for (long i = 1; i < n - 1; i++) { ga[i] = a[i + 1]; gb[i] = steps > 1 ? 0.0 : gb[i]; }
  free(a);
  free(b);
}

static void step_2d(long n, const double *restrict from, double *restrict to, double *restrict border, double keep) {
  const long m = n + 2;
  for (long i = 1; i < n - 1; i++) {
    const double *p = from + (i + 1) * m + 1;
    double *q = to + (i + 1) * m + 1;
    if (keep == 0.0)
      for (long j = 1; j < n - 1; j++) q[j] = 0.2 * (p[j] + p[j - 1] + p[j + 1] + p[j - m] + p[j + m]);
    else
      for (long j = 1; j < n - 1; j++) q[j] += 0.2 * (p[j] + p[j - 1] + p[j + 1] + p[j - m] + p[j + m]);
    border[i * n] += 0.2 * p[1];
    border[i * n + n - 1] += 0.2 * p[n - 2];
  }
  for (long j = 1; j < n - 1; j++) {
    border[j] += 0.2 * from[2 * m + 1 + j];
    border[(n - 1) * n + j] += 0.2 * from[(n - 1) * m + 1 + j];
  }
}

void jacobi_2d_grad(long n, long steps, const double *w, double *ga, double *gb) {
  const long m = n + 2;
  double *a = calloc(m * m, sizeof *a), *b = calloc(m * m, sizeof *b);
  memcpy(ga, w, n * n * sizeof *ga);
  memcpy(gb, w + n * n, n * n * sizeof *gb);
  for (long i = 1; i < n - 1; i++)
    for (long j = 1; j < n - 1; j++) {
      a[(i + 1) * m + j + 1] = ga[i * n + j];
      b[(i + 1) * m + j + 1] = gb[i * n + j];
    }
  for (long t = steps - 2; t >= 0; t--) {
    step_2d(n, a, b, gb, t == steps - 2);
    step_2d(n, b, a, ga, 0.0);
  }
  for (long i = 1; i < n - 1; i++)
    for (long j = 1; j < n - 1; j++) {
      ga[i * n + j] = a[(i + 1) * m + j + 1];
      if (steps > 1) gb[i * n + j] = 0.0;
    }
  free(a);
  free(b);
}

static void step_3d(long n, const double *restrict from, double *restrict to, double *restrict border, double keep) {
  const long m = n + 2, mm = m * m;
  for (long i = 0; i < n; i++)
    for (long j = 0; j < n; j++) {
      const double *p = from + (i + 1) * mm + (j + 1) * m + 1;
      double *q = to + (i + 1) * mm + (j + 1) * m + 1, *e = border + (i * n + j) * n;
      if (i == 0 || i == n - 1 || j == 0 || j == n - 1) {
        for (long k = 0; k < n; k++)
          e[k] += 0.25 * p[k] + 0.125 * (p[k - 1] + p[k + 1] + p[k - m] + p[k + m] + p[k - mm] + p[k + mm]);
        continue;
      }
      if (keep == 0.0)
        for (long k = 1; k < n - 1; k++)
          q[k] = 0.25 * p[k] + 0.125 * (p[k - 1] + p[k + 1] + p[k - m] + p[k + m] + p[k - mm] + p[k + mm]);
      else
        for (long k = 1; k < n - 1; k++)
          q[k] += 0.25 * p[k] + 0.125 * (p[k - 1] + p[k + 1] + p[k - m] + p[k + m] + p[k - mm] + p[k + mm]);
      e[0] += 0.125 * p[1];
      e[n - 1] += 0.125 * p[n - 2];
    }
}

void heat_3d_grad(long n, long steps, const double *w, double *ga, double *gb) {
  const long m = n + 2, mm = m * m, size = n * n * n;
  double *a = calloc(m * mm, sizeof *a), *b = calloc(m * mm, sizeof *b);
  memcpy(ga, w, size * sizeof *ga);
  memcpy(gb, w + size, size * sizeof *gb);
  for (long i = 1; i < n - 1; i++)
    for (long j = 1; j < n - 1; j++)
      for (long k = 1; k < n - 1; k++) {
        a[(i + 1) * mm + (j + 1) * m + k + 1] = ga[(i * n + j) * n + k];
        b[(i + 1) * mm + (j + 1) * m + k + 1] = gb[(i * n + j) * n + k];
      }
  for (long t = steps - 2; t >= 0; t--) {
    step_3d(n, a, b, gb, t == steps - 2);
    step_3d(n, b, a, ga, 0.0);
  }
  for (long i = 1; i < n - 1; i++)
    for (long j = 1; j < n - 1; j++)
      for (long k = 1; k < n - 1; k++) {
        ga[(i * n + j) * n + k] = a[(i + 1) * mm + (j + 1) * m + k + 1];
        if (steps > 1) gb[(i * n + j) * n + k] = 0.0;
      }
  free(a);
  free(b);
}

void seidel_2d_grad(long n, long steps, const double *w, double *ga) {
  double *r = calloc(n, sizeof *r);
  memcpy(ga, w, n * n * sizeof *ga);
  for (long t = 0; t < steps - 1; t++)
    for (long i = n - 2; i >= 1; i--) {
      double *g = ga + i * n, *up = g - n, *down = g + n, next = 0.0;
      for (long j = n - 2; j >= 1; j--) r[j] = next = (g[j] + next) / 9.0;
      g[0] += next;
      for (long j = 1; j < n; j++) g[j] = (j < n - 1 ? r[j] : g[j]) + r[j - 1];
      for (long j = 0; j < n; j++) {
        double s = r[j] + (j > 0 ? r[j - 1] : 0.0) + (j < n - 1 ? r[j + 1] : 0.0);
        up[j] += s;
        down[j] += s;
      }
    }
  free(r);
}
