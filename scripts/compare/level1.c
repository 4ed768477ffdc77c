/* The crossover of level 1 in C with OpenMP, called by level1.py.
 *
 *   level1 THREADS awake|asleep    the size of ten equal tasks from which THREADS threads win
 *
 * Prints a time in seconds. Threads are awake if a parallel loop has just ended and OMP_WAIT_POLICY is
 * active: they spin. They are asleep after a pause with OMP_WAIT_POLICY passive.
 */
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TASKS = 10, PAIRS = 201 };

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

/* Runs all tasks on so many threads. */
static void parallel(long steps, int threads) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
  for (int task = 0; task < TASKS; task++)
    results[task] = spin(steps, task + 1);
}

/* The median of how many times as long the plain loop takes, over pairs of races. */
static double speedup(long steps, int threads, int awake) {
  const struct timespec pause = {0, 300000};
  double ratios[PAIRS];
  for (int pair = 0; pair < PAIRS; pair++) {
    double begin = omp_get_wtime();
    for (int task = 0; task < TASKS; task++)
      results[task] = spin(steps, task + 1);
    double one = omp_get_wtime() - begin;
    if (awake)
      for (int loop = 0; loop < 3; loop++)
        parallel(100, threads);
    else
      nanosleep(&pause, NULL);
    begin = omp_get_wtime();
    parallel(steps, threads);
    ratios[pair] = one / (omp_get_wtime() - begin);
  }
  qsort(ratios, PAIRS, sizeof *ratios, ascending);
  return ratios[PAIRS / 2];
}

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  int threads = atoi(argv[1]), awake = !strcmp(argv[2], "awake");
  double begin = omp_get_wtime();
  results[0] = spin(10000000, 1);
  double step = (omp_get_wtime() - begin) / 10000000;
  /* Where the threads lose last, and the next size: in between both loops take as long. */
  double size = 2e-8, before = 1, lost = 0, at = 0;
  for (int wins = 0; wins < 3 && size < 1e-2; size *= 2) {
    double gain = log(speedup(lround(fmax(1.0, size / step)), threads, awake));
    wins = gain > 0 ? wins + 1 : 0;
    if (gain <= 0)
      lost = size;
    else if (wins == 1)
      at = lost > 0 ? lost * pow(size / lost, before / (before - gain)) : size;
    before = gain;
  }
  printf("%.9f\n", at);
  return 0;
}
