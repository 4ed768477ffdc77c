/* The crossover of level 1 in C with OpenMP, called by level1.py.
 *
 *   level1 THREADS    the task size from which the loop on THREADS threads beats the plain loop
 *
 * Prints two times in seconds: the largest of ten equal tasks at which the plain loop wins, and the
 * smallest at which the threads do. OMP_WAIT_POLICY says whether waiting threads spin or sleep.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TASKS = 10, PAIRS = 201 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

/* Keeps a core busy for a number of steps, each of which needs the one before. */
static uint64_t spin(long steps, uint64_t x) {
  for (long i = 0; i < steps; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
  }
  return x;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Written, so that no task is left out. */
static volatile uint64_t results[TASKS];

/* The median of how many times as long the plain loop takes, over pairs of races. */
static double speedup(long steps, int threads) {
  double ratios[PAIRS];
  for (int pair = 0; pair < PAIRS; pair++) {
    double begin = now();
    for (int task = 0; task < TASKS; task++)
      results[task] = spin(steps, task + 1);
    double middle = now();
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
    for (int task = 0; task < TASKS; task++)
      results[task] = spin(steps, task + 1);
    ratios[pair] = (middle - begin) / (now() - middle);
  }
  qsort(ratios, PAIRS, sizeof *ratios, ascending);
  return ratios[PAIRS / 2];
}

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  int threads = atoi(argv[1]);
  volatile uint64_t kept;
  double begin = now();
  kept = spin(10000000, 1);
  double step = (now() - begin) / 10000000;
  (void)kept;
  double low = 2e-8, high = 1e-2;
  while (high / low > 1.25) {
    double middle = sqrt(low * high);
    if (speedup(lround(fmax(1.0, middle / step)), threads) < 1.0)
      low = middle;
    else
      high = middle;
  }
  printf("%.9f %.9f\n", low, high);
  return 0;
}
