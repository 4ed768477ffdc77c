//! level2-mpi
