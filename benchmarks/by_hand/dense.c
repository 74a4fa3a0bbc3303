/* Adjoints of dense linear algebra: rows of C-contiguous matrices are the innermost loops throughout. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double dot(long n, const double *restrict x, const double *restrict y) {
  double s = 0.0;
  for (long i = 0; i < n; i++) s += x[i] * y[i];
  return s;
}

static void add(long n, double c, const double *restrict x, double *restrict y) {
  for (long i = 0; i < n; i++) y[i] += c * x[i];
}

void cholesky_grad(long n, const double *given, const double *w, double *g) {
  double *a = malloc(n * n * sizeof *a);
  memcpy(a, given, n * n * sizeof *a);
  memcpy(g, w, n * n * sizeof *g);
  for (long i = 0; i < n; i++) {
    for (long j = 0; j < i; j++) a[i * n + j] = (a[i * n + j] - dot(j, a + i * n, a + j * n)) / a[j * n + j];
    a[i * n + i] = sqrt(a[i * n + i] - dot(i, a + i * n, a + i * n));
  }
  for (long i = n - 1; i >= 0; i--) {
    double *gi = g + i * n, d = gi[i] / (2.0 * a[i * n + i]);
    gi[i] = d;
    add(i, -2.0 * d, a + i * n, gi);
    for (long j = i - 1; j >= 0; j--) {
      double s = gi[j] / a[j * n + j];
      g[j * n + j] -= s * a[i * n + j];
      add(j, -s, a + j * n, gi);
      add(j, -s, a + i * n, g + j * n);
      gi[j] = s;
    }
  }
  free(a);
}

void lu_grad(long n, const double *given, const double *w, double *g) {
  double *a = malloc(n * n * sizeof *a);
  memcpy(a, given, n * n * sizeof *a);
  memcpy(g, w, n * n * sizeof *g);
  for (long i = 0; i < n; i++)
    for (long k = 0; k < i; k++) {
      double l = a[i * n + k] /= a[k * n + k];
      add(n - k - 1, -l, a + k * n + k + 1, a + i * n + k + 1);
    }
  for (long i = n - 1; i >= 0; i--) {
    double *gi = g + i * n;
    for (long k = i - 1; k >= 0; k--) {
      const double *ak = a + k * n;
      double *gk = g + k * n, l = a[i * n + k];
      /* columns after k of row i hold the adjoints of what was there before step k */
      double s = (gi[k] - dot(n - k - 1, gi + k + 1, ak + k + 1)) / ak[k];
      add(n - k - 1, -l, gi + k + 1, gk + k + 1);
      gk[k] -= s * l;
      gi[k] = s;
    }
  }
  free(a);
}

void trisolv_grad(long n, const double *l, const double *b, const double *w, double *gl, double *gb) {
  double *x = malloc(n * sizeof *x);
  for (long i = 0; i < n; i++) x[i] = (b[i] - dot(i, l + i * n, x)) / l[i * n + i];
  memcpy(gb, w, n * sizeof *gb);
  for (long i = n - 1; i >= 0; i--) {
    double t = gb[i] /= l[i * n + i], *row = gl + i * n;
    for (long j = 0; j <= i; j++) row[j] = -t * x[j];
    memset(row + i + 1, 0, (n - i - 1) * sizeof *row);
    add(i, -t, l + i * n, gb);
  }
  free(x);
}

void durbin_grad(long n, const double *r, const double *w, double *gr) {
  double *history = malloc((n * (n + 1) / 2 + 1) * sizeof *history), *alpha = malloc(n * sizeof *alpha);
  double *beta = malloc(n * sizeof *beta), *y = malloc(n * sizeof *y), *next = malloc(n * sizeof *next);
  beta[0] = 1.0;
  alpha[0] = y[0] = -r[0];
  for (long k = 1; k < n; k++) {
    double *old = history + k * (k - 1) / 2, s = r[k];
    memcpy(old, y, k * sizeof *old);
    beta[k] = beta[k - 1] * (1.0 - alpha[k - 1] * alpha[k - 1]);
    for (long m = 0; m < k; m++) s += r[k - 1 - m] * old[m];
    alpha[k] = -s / beta[k];
    for (long m = 0; m < k; m++) y[m] = old[m] + alpha[k] * old[k - 1 - m];
    y[k] = alpha[k];
  }
  double *g = y, ga = 0.0, gbeta = 0.0;
  memcpy(g, w, n * sizeof *g);
  memset(gr, 0, n * sizeof *gr);
  for (long k = n - 1; k >= 1; k--) {
    const double *old = history + k * (k - 1) / 2;
    double a = alpha[k], s;
    ga += g[k];
    for (long m = 0; m < k; m++) ga += g[m] * old[k - 1 - m];
    s = -ga / beta[k];
    gbeta -= ga * a / beta[k];
    gr[k] += s;
    for (long m = 0; m < k; m++) {
      next[m] = g[m] + a * g[k - 1 - m] + s * r[k - 1 - m];
      gr[m] += s * old[k - 1 - m];
    }
    memcpy(g, next, k * sizeof *g);
    ga = -2.0 * gbeta * beta[k - 1] * alpha[k - 1];
    gbeta *= 1.0 - alpha[k - 1] * alpha[k - 1];
  }
  gr[0] -= g[0] + ga;
  free(history);
  free(alpha);
  free(beta);
  free(y);
  free(next);
}

/* Columns are rows here: the matrices are transposed on the way in and out. */
void gramschmidt_grad(long m, long n, const double *given, const double *wq, const double *wr, double *g) {
  double *a = malloc(n * m * sizeof *a), *q = malloc(n * m * sizeof *q), *r = malloc(n * n * sizeof *r);
  double *ga = calloc(n * m, sizeof *ga), *gq = malloc(m * sizeof *gq);
  for (long i = 0; i < m; i++)
    for (long j = 0; j < n; j++) a[j * m + i] = given[i * n + j];
  for (long k = 0; k < n; k++) {
    double *qk = q + k * m, norm = r[k * n + k] = sqrt(dot(m, a + k * m, a + k * m));
    for (long i = 0; i < m; i++) qk[i] = a[k * m + i] / norm;
    for (long j = k + 1; j < n; j++) {
      double s = r[k * n + j] = dot(m, qk, a + j * m);
      add(m, -s, qk, a + j * m);
    }
  }
  for (long k = n - 1; k >= 0; k--) {
    const double *qk = q + k * m;
    double norm = r[k * n + k], *gak = ga + k * m;
    for (long i = 0; i < m; i++) gq[i] = wq[i * n + k];
    for (long j = k + 1; j < n; j++) {
      double *aj = a + j * m, *gj = ga + j * m, s = r[k * n + j];
      double t = wr[k * n + j] - dot(m, qk, gj);
      add(m, s, qk, aj); /* as it was before */
      add(m, -s, gj, gq);
      add(m, t, aj, gq);
      add(m, t, qk, gj);
    }
    double t = wr[k * n + k] - dot(m, gq, qk) / norm;
    for (long i = 0; i < m; i++) gak[i] = gq[i] / norm + t * qk[i];
  }
  for (long i = 0; i < m; i++)
    for (long j = 0; j < n; j++) g[i * n + j] = ga[j * m + i];
  free(a);
  free(q);
  free(r);
  free(ga);
  free(gq);
}

void atax_grad(long m, long n, const double *a, const double *x, const double *w, double *ga, double *gx) {
  memset(gx, 0, n * sizeof *gx);
  for (long i = 0; i < m; i++) {
    const double *row = a + i * n;
    double *out = ga + i * n, t = 0.0, r = 0.0;
    for (long j = 0; j < n; j++) {
      t += row[j] * x[j];
      r += row[j] * w[j];
    }
    for (long j = 0; j < n; j++) {
      out[j] = t * w[j] + r * x[j];
      gx[j] += r * row[j];
    }
  }
}

void mvt_grad(long n, const double *y1, const double *y2, const double *a, const double *w, double *gx1, double *gx2,
              double *gy1, double *gy2, double *ga) {
  memcpy(gx1, w, n * sizeof *gx1);
  memcpy(gx2, w + n, n * sizeof *gx2);
  memset(gy1, 0, n * sizeof *gy1);
  for (long i = 0; i < n; i++) {
    const double *row = a + i * n;
    double *out = ga + i * n, c = w[i], d = y2[i], s = 0.0;
    for (long j = 0; j < n; j++) {
      s += row[j] * w[n + j];
      gy1[j] += c * row[j];
      out[j] = c * y1[j] + d * w[n + j];
    }
    gy2[i] = s;
  }
}

void softmax_grad(long rows, long n, const double *x, const double *w, double *g) {
  for (long i = 0; i < rows; i++) {
    const double *xi = x + i * n, *wi = w + i * n;
    double *gi = g + i * n, largest = -INFINITY, total = 0.0, s = 0.0;
    for (long j = 0; j < n; j++) largest = xi[j] > largest ? xi[j] : largest;
    for (long j = 0; j < n; j++) gi[j] = exp(xi[j] - largest);
    for (long j = 0; j < n; j++) total += gi[j];
    for (long j = 0; j < n; j++) s += gi[j] * wi[j];
    s /= total;
    for (long j = 0; j < n; j++) gi[j] *= (wi[j] - s) / total;
  }
}
