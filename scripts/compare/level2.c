/* The kernels of level 2 in C, called by level2.py.
 *
 *   level2 pi RECTANGLES PASSES    the naive loop of level2_pi; the flags decide how it compiles
 *   level2 lanes RECTANGLES PASSES the other kernel of level2_pi: two rectangles share a division
 *
 * Prints the seconds of the best pass.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Known to nobody else, so that no pass is left out or moved. */
#define MEASURED __attribute__((noinline, noclone))

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

MEASURED static double area(long start, long end, long n) {
  double width = 1.0 / n, sum = 0.0;
  for (long i = start; i < end; i++) {
    double x = (i + 0.5) * width;
    sum += 4.0 / (1.0 + x * x);
  }
  return sum * width;
}

/* As `lanes` in crates/level2-mpi/src/kernel.rs: 4 / a + 4 / b is 4 * (a + b) / (a * b). */
MEASURED static double lanes(long start, long end, long n) {
  enum { LANES = 8 };
  double width = 1.0 / n, middles[LANES], sums[LANES] = {0.0};
  long blocks = (end - start) / (2 * LANES);
  for (int lane = 0; lane < LANES; lane++)
    middles[lane] = start + lane + 0.5;
  for (long block = 0; block < blocks; block++) {
    for (int lane = 0; lane < LANES; lane++) {
      double x = middles[lane] * width, y = (middles[lane] + LANES) * width;
      double a = 1.0 + x * x, b = 1.0 + y * y;
      sums[lane] += 4.0 * (a + b) / (a * b);
      middles[lane] += 2 * LANES;
    }
  }
  double sum = 0.0;
  for (int lane = 0; lane < LANES; lane++)
    sum += sums[lane];
  return sum * width + area(start + blocks * 2 * LANES, end, n);
}

int main(int argc, char **argv) {
  if (argc != 4)
    return 2;
  double (*kernel)(long, long, long) = strcmp(argv[1], "lanes") == 0 ? lanes : area;
  long n = atol(argv[2]), passes = atol(argv[3]);
  double best = 1e30;
  volatile long start = 0; /* read anew in every pass */
  for (long pass = 0; pass < passes; pass++) {
    double begin = now();
    volatile double pi = kernel(start, n, n);
    double elapsed = now() - begin;
    (void)pi;
    if (elapsed < best)
      best = elapsed;
  }
  printf("%.9f\n", best);
  return 0;
}
