"""Level 2, hello, in Python: N copies of one program, and each learns who it is.

    mpirun -n 4 python examples/python/level2_hello.py
"""

from mpi4py import MPI

world = MPI.COMM_WORLD
rank = world.Get_rank()
size = world.Get_size()
print(f"rank {rank} of {size} on {MPI.Get_processor_name()}")
