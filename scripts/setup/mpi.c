/* Says how many ranks were started, and by which MPI. scripts/setup.sh tries compiler and launcher with it. */
#include <mpi.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
  int rank, size, length;
  char version[MPI_MAX_LIBRARY_VERSION_STRING];
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Get_library_version(version, &length);
  if (rank == 0) printf("%d started by %.*s\n", size, (int)strcspn(version, ",\n"), version);
  return MPI_Finalize();
}
