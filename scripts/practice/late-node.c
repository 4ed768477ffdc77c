// late-node.c: a node that is late, loaded into every rank by LD_PRELOAD.
//
// The ranks on the host that LATE_NODE names learn half a second after the others that the first
// fence of MPI_Init is over. Where the second fence waits for nobody, the others then send them
// messages that they cannot yet receive, and they crash: see with_mpi in scripts/slurm/job.sh.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef void (*done_t)(int status, void *data);
typedef int (*fence_t)(const void *, size_t, const void *, size_t, done_t, void *);

static done_t done;
static void *argument;

static void *wait_and_tell(void *status) {
    usleep(500 * 1000);
    done((int)(intptr_t)status, argument);
    return NULL;
}

// In a thread of its own: PMIx must go on meanwhile.
static void later(int status, void *data) {
    pthread_t thread;
    argument = data;
    pthread_create(&thread, NULL, wait_and_tell, (void *)(intptr_t)status);
}

// Stands in front of the function of libpmix.
int PMIx_Fence_nb(const void *procs, size_t nprocs, const void *info, size_t ninfo, done_t callback,
                  void *data) {
    static int fences;
    char host[64] = "";
    const char *late = getenv("LATE_NODE");
    gethostname(host, sizeof host - 1);
    if (fences++ == 0 && late && strcmp(host, late) == 0) {
        done = callback;
        callback = later;
    }
    fence_t fence = (fence_t)dlsym(RTLD_NEXT, "PMIx_Fence_nb");
    return fence(procs, nprocs, info, ninfo, callback, data);
}
