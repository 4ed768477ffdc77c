/* examples/level1_memory.rs in C with OpenMP: the triad and the polynomial in arrays of so many bytes.

     cc -O3 -march=native -fopenmp level1_memory.c && ./a.out 134217728 2

   Prints the bytes per second of the triad and the operations per second of the polynomial. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

#define PIECE 8192 /* as many numbers of each array stay in the cache */

static double *a, *b, *c;
static long n;

static void triad(void) {
#pragma omp parallel for schedule(static)
  for (long i = 0; i < n; i++)
    a[i] = b[i] + 3.0 * c[i];
}

static void polynomial(void) {
#pragma omp parallel for schedule(static)
  for (long piece = 0; piece < n; piece += PIECE) {
    long end = piece + PIECE < n ? piece + PIECE : n;
    for (long i = piece; i < end; i++)
      a[i] = b[i];
    for (int pass = 0; pass < 8; pass++)
#pragma omp simd
      for (long i = piece; i < end; i++) {
        double p = a[i];
        for (int k = 0; k < 32; k++)
          p = p * c[i] + 0.5;
        a[i] = p;
      }
  }
}

/* The best time in a second, at least of five. */
static double best(void (*loop)(void)) {
  double best = 1e9, start = omp_get_wtime();
  for (int run = 0; run < 5 || omp_get_wtime() - start < 1.0; run++) {
    double begin = omp_get_wtime();
    loop();
    double took = omp_get_wtime() - begin;
    if (took < best)
      best = took;
  }
  return best;
}

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  n = atol(argv[1]) / 24;
  omp_set_num_threads(atoi(argv[2]));
  a = malloc(8 * n), b = malloc(8 * n), c = malloc(8 * n);
  if (!a || !b || !c)
    return 1;
#pragma omp parallel for schedule(static)
  for (long i = 0; i < n; i++) /* the thread that uses a page touches it first */
    a[i] = b[i] = c[i] = 0.5;
  printf("%g %g\n", 24.0 * n / best(triad), 512.0 * n / best(polynomial));
  return 0;
}
