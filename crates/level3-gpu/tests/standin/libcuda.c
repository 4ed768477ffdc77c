/* A stand-in for libcuda.so.1, the driver of NVIDIA's GPUs: the tests of a machine without one.
 *
 * It computes nothing, keeps nothing, and says yes to every call of the program but those that it was told to
 * refuse. So it proves what the program says when a call fails, and, with NVIDIA's compiler, that the kernels
 * compile. What kernels compute is tested on a software device (level3_kernel.rs).
 *
 *     STANDIN_SM=80                        compute capability
 *     STANDIN_FAIL="cuLaunchKernel 5 700"  from the 5th call on, functions of this beginning return error 700
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t Address;
enum { OK, ILLEGAL_ADDRESS = 700 };

static int sm(void) { return getenv("STANDIN_SM") ? atoi(getenv("STANDIN_SM")) : 80; }
/* Bytes of shared memory that a block may ask for, from NVIDIA's table of compute capabilities. */
static int shared_memory(void) { return sm() == 80 ? 166912 : sm() < 90 ? 101376 : 232448; }

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static int lost; /* errors from 700 on lose the context: all later calls return them */

static int outcome(const char *name) {
  static long calls;
  char failing[64];
  long first;
  int error;
  const char *fail = getenv("STANDIN_FAIL");
  pthread_mutex_lock(&one_at_a_time);
  if (!lost && fail && sscanf(fail, "%63s %ld %d", failing, &first, &error) == 3 &&
      !strncmp(name, failing, strlen(failing)) && ++calls >= first) {
    if (error >= ILLEGAL_ADDRESS) lost = error;
  } else error = lost;
  pthread_mutex_unlock(&one_at_a_time);
  return error;
}
/* A function of the driver, and what it does if it does not fail. */
#define DRIVER(name, arguments, ...) \
  int name arguments { int error = outcome(#name); if (!error) { __VA_ARGS__; } return error; }

/* --- memory: addresses without any; what is read back is 0.1, because ten of these add up to 1 ---- */

static Address allocate(size_t size) {
  static Address next = 1 << 20;
  return __atomic_fetch_add(&next, (size + 511) / 512 * 512, __ATOMIC_RELAXED);
}
static void read_back(Address to, size_t size) {
  const float value = 0.1f;
  for (size_t i = 0; i < size; i++) ((char *)to)[i] = ((const char *)&value)[i % sizeof value];
}
DRIVER(cuMemAlloc_v2, (Address *a, size_t size), *a = allocate(size))
DRIVER(cuMemAllocAsync, (Address *a, size_t size, void *stream), *a = allocate(size))
DRIVER(cuMemFreeAsync, (Address a, void *stream), )
DRIVER(cuMemAllocHost_v2, (void **memory, size_t size), *memory = malloc(size))
DRIVER(cuMemFreeHost, (void *memory), free(memory))
DRIVER(cuMemcpyHtoDAsync_v2, (Address to, Address from, size_t size, void *stream), )
DRIVER(cuMemcpyDtoHAsync_v2, (Address to, Address from, size_t size, void *stream), read_back(to, size))

/* CUDA_MEMCPY2D of cuda.h: a rectangle, line by line. */
struct Side { size_t x, y; int kind; Address host, gpu; void *array; size_t pitch; };
struct Rectangle { struct Side from, to; size_t width, height; };
enum { ON_GPU = 2 };
DRIVER(cuMemcpy2DAsync_v2, (const struct Rectangle *r, void *stream),
  for (size_t y = 0; y < r->height && r->to.kind != ON_GPU; y++)
    read_back(r->to.host + (r->to.y + y) * r->to.pitch + r->to.x, r->width))

/* --- kernels, the GPU, its streams and its events: handles that nobody looks into ------------------ */

DRIVER(cuModuleLoadData, (void **module, const void *ptx), *module = &lost)
DRIVER(cuModuleGetFunction, (void **kernel, void *module, const char *name), *kernel = &lost)
DRIVER(cuFuncSetAttribute, (void *kernel, int attribute, int value), )
DRIVER(cuLaunchKernel, (void *kernel, ...), )
DRIVER(cuTensorMapEncodeTiled, (void *map), )
DRIVER(cuTensorMapEncodeIm2col, (void *map), )

DRIVER(cuInit, (unsigned flags), )
DRIVER(cuDriverGetVersion, (int *version), *version = 12090)
DRIVER(cuDeviceGetCount, (int *count), *count = 1)
DRIVER(cuDeviceGet, (int *device, int i), *device = i)
DRIVER(cuDeviceGetName, (char *name, int size, int device), snprintf(name, size, "Stand-in sm_%d", sm()))
DRIVER(cuDeviceTotalMem_v2, (size_t *bytes, int device), *bytes = (size_t)16 << 30)
DRIVER(cuDeviceGetAttribute, (int *value, int attribute, int device),
  switch (attribute) { /* the numbers of CUdevice_attribute */
    case 1: case 2: case 3: *value = 1024; break; /* threads of a block, in all, along x, along y */
    case 4: *value = 64; break;                   /* along z */
    case 5: *value = INT32_MAX; break;            /* blocks along x */
    case 6: case 7: *value = 65535; break;        /* along y, along z */
    case 10: *value = 32; break;                  /* threads of a warp */
    case 16: *value = 108; break;                 /* multiprocessors */
    case 75: *value = sm() / 10; break;
    case 76: *value = sm() % 10; break;
    case 97: *value = shared_memory(); break;
    default: *value = 0;
  })
DRIVER(cuDevicePrimaryCtxRetain, (void **context, int device), *context = &lost)
DRIVER(cuCtxSetCurrent, (void *context), )
DRIVER(cuStreamCreate, (void **stream, unsigned flags), *stream = &lost)
DRIVER(cuStreamWaitEvent, (void *stream, void *event, unsigned flags), )
DRIVER(cuEventCreate, (void **event, unsigned flags), *event = &lost)
DRIVER(cuEventRecord, (void *event, void *stream), )
DRIVER(cuEventSynchronize, (void *event), )
DRIVER(cuEventDestroy_v2, (void *event), )
int cuGetErrorName(int error, const char **name) { *name = "CUDA_ERROR"; return OK; }
int cuGetErrorString(int error, const char **words) { *words = "injected by the stand-in"; return OK; }
int cuGetExportTable(const void **table, const void *id) { *table = NULL; return 500; } /* NVRTC asks */
