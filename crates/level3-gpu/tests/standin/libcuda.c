/* A stand-in for libcuda.so.1, the driver of NVIDIA's GPUs: the tests of a machine without one.
 *
 * Memory of the GPU is memory of this machine, and a launch computes nothing. What is real: every
 * call that the program makes, its order, its arguments, the modules that it loads. Like a driver,
 * this one refuses a module for another GPU, a kernel that is not in it, a launch beyond the GPU's
 * limits, memory that was not allocated. So it proves that the kernels compile and are launched
 * within the limits on living memory, and what the program says when a call fails. It proves
 * nothing about results, speed, races, or a real driver.
 *
 *     STANDIN_SM=80          compute capability
 *     STANDIN_COUNT=1        how many GPUs there are
 *     STANDIN_VERSION=12090  CUDA's version, as the driver counts: 12.9
 *     STANDIN_TOTAL=16384    memory of the GPU in MiB
 *     STANDIN_FREE=16384     how much of it others have left, in MiB
 *     STANDIN_SHRINK=100     how much can really be allocated, in MiB, whatever was said to be free
 *     STANDIN_READ=0.1       what every float is when it is read back: ten of these add up to 1
 *     STANDIN_FAIL="cuLaunchKernel 5 700"  the 5th call (0: each) returns error 700
 *     STANDIN_LOG=FILE       how often each function was called, and the memory taken at most
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef uint64_t Address;
enum { OK, INVALID_VALUE, OUT_OF_MEMORY, NO_DEVICE = 100, INVALID_DEVICE, NO_BINARY_FOR_GPU = 209, NOT_FOUND = 500,
       ILLEGAL_ADDRESS = 700 };
enum { MIB = 1 << 20, BLOCKS = 4096, FUNCTIONS = 64 };

static long setting(const char *name, long otherwise) { return getenv(name) ? atol(getenv(name)) : otherwise; }
static long sm(void) { return setting("STANDIN_SM", 80); }
static long total(void) { return setting("STANDIN_TOTAL", 16384); }
static long unused(void) { return setting("STANDIN_FREE", total()); }
/* Bytes of shared memory that a block may ask for, from NVIDIA's table of compute capabilities. */
static int shared_memory(void) { return sm() == 80 ? 166912 : sm() < 90 ? 101376 : 232448; }

/* --- each call is counted, one at a time, and fails if it was told to ------------------------- */

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static struct { const char *name; long calls; } functions[FUNCTIONS];
static int lost;           /* errors from 700 on lose the context: all later calls return them */
static size_t taken, most; /* bytes of the GPU's memory */

static int begin(const char *name) {
  pthread_mutex_lock(&one_at_a_time);
  int i = 0, error = OK;
  while (functions[i].name && strcmp(functions[i].name, name)) i++;
  functions[i].name = name, functions[i].calls++;
  char failing[64];
  long which;
  if (getenv("STANDIN_FAIL") && sscanf(getenv("STANDIN_FAIL"), "%63s %ld %d", failing, &which, &error) == 3 &&
      (strcmp(failing, name) || (which && which != functions[i].calls)))
    error = OK;
  if (error >= ILLEGAL_ADDRESS) lost = error;
  return lost ? lost : error;
}
static int end(int error) {
  pthread_mutex_unlock(&one_at_a_time);
  return error;
}
/* A function of the driver; its body runs if nothing was injected, and may set `error`. */
#define DRIVER(name, arguments, ...) \
  int name arguments { int error = begin(#name); if (!error) { __VA_ARGS__; } return end(error); }

__attribute__((destructor)) static void report(void) {
  FILE *log = getenv("STANDIN_LOG") && functions[0].name ? fopen(getenv("STANDIN_LOG"), "w") : NULL;
  if (!log) return;
  for (int i = 0; functions[i].name; i++) fprintf(log, "%s %ld\n", functions[i].name, functions[i].calls);
  fprintf(log, "MiB %zu\n", most / MIB);
  fclose(log);
}

/* --- memory ------------------------------------------------------------------------------------ */

static struct { Address start; size_t size; } blocks[BLOCKS];

static int block_with(Address address, size_t size) { /* its number, or -1 */
  for (int i = 0; i < BLOCKS; i++)
    if (blocks[i].size && address >= blocks[i].start && address + size <= blocks[i].start + blocks[i].size) return i;
  return -1;
}
static int allocate(Address *address, size_t size) {
  int i = 0;
  while (i < BLOCKS && blocks[i].size) i++;
  if (!size || i == BLOCKS) return INVALID_VALUE;
  if (taken + size > (size_t)setting("STANDIN_SHRINK", unused()) * MIB) return OUT_OF_MEMORY;
  void *memory = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return OUT_OF_MEMORY;
  *address = blocks[i].start = (Address)memory, blocks[i].size = size;
  if ((taken += size) > most) most = taken;
  return OK;
}
static int release(Address address) {
  int i = block_with(address, 1);
  if (i < 0 || blocks[i].start != address) return INVALID_VALUE;
  munmap((void *)address, blocks[i].size);
  taken -= blocks[i].size, blocks[i].size = 0;
  return OK;
}
static int to_gpu(Address to, Address from, size_t size) {
  if (block_with(to, size) < 0) return INVALID_VALUE;
  memcpy((void *)to, (void *)from, size);
  return OK;
}
static int from_gpu(Address to, Address from, size_t size) {
  if (block_with(from, size) < 0) return INVALID_VALUE;
  float value = getenv("STANDIN_READ") ? strtof(getenv("STANDIN_READ"), NULL) : 0.1f;
  for (size_t i = 0; i < size; i++) ((char *)to)[i] = ((char *)&value)[i % sizeof value];
  return OK;
}
DRIVER(cuMemAlloc_v2, (Address *a, size_t size), error = allocate(a, size))
DRIVER(cuMemAllocAsync, (Address *a, size_t size, void *stream), error = allocate(a, size))
DRIVER(cuMemFree_v2, (Address a), error = release(a))
DRIVER(cuMemFreeAsync, (Address a, void *stream), error = release(a))
DRIVER(cuMemAllocHost_v2, (void **memory, size_t size), *memory = malloc(size))
DRIVER(cuMemFreeHost, (void *memory), free(memory))
DRIVER(cuMemcpyHtoDAsync_v2, (Address to, Address from, size_t size, void *stream), error = to_gpu(to, from, size))
DRIVER(cuMemcpyDtoHAsync_v2, (Address to, Address from, size_t size, void *stream), error = from_gpu(to, from, size))
DRIVER(cuMemGetInfo_v2, (size_t *f, size_t *t), *f = unused() * MIB - taken, *t = total() * MIB)

/* CUDA_MEMCPY2D of cuda.h: a rectangle, line by line. */
struct Side { size_t x, y; int kind; Address host, gpu; void *array; size_t pitch; };
struct Rectangle { struct Side from, to; size_t width, height; };
enum { ON_GPU = 2 };
static Address line(const struct Side *side, size_t y) {
  return (side->kind == ON_GPU ? side->gpu : side->host) + (side->y + y) * side->pitch + side->x;
}
DRIVER(cuMemcpy2DAsync_v2, (const struct Rectangle *r, void *stream),
  for (size_t y = 0; y < r->height && !error; y++)
    error = (r->to.kind == ON_GPU ? to_gpu : from_gpu)(line(&r->to, y), line(&r->from, y), r->width))

/* --- modules and launches ---------------------------------------------------------------------- */

struct Kernel { const char *parameters; long shared; };

DRIVER(cuModuleLoadData, (char **module, const char *ptx),
  const char *target = strstr(ptx, ".target sm_");
  if (target && atol(target + strlen(".target sm_")) <= sm()) *module = strdup(ptx); else error = NO_BINARY_FOR_GPU)
DRIVER(cuModuleGetFunction, (struct Kernel **kernel, const char *module, const char *name),
  char entry[1024];
  snprintf(entry, sizeof entry, ".entry %s(", name);
  const char *found = strstr(module, entry);
  if (found) (*kernel = calloc(1, sizeof **kernel))->parameters = found; else error = NOT_FOUND)
DRIVER(cuFuncSetAttribute, (struct Kernel *kernel, int attribute, int value),
  if (attribute == 8 && value > shared_memory()) error = INVALID_VALUE; /* 8: bytes of shared memory */
  else if (attribute == 8) kernel->shared = value)
DRIVER(cuLaunchKernel, (struct Kernel *kernel, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned x,
                        unsigned y, unsigned z, unsigned bytes, void *stream, Address **values, void **extra),
  if (!grid_x || !grid_y || !grid_z || grid_x > INT32_MAX || grid_y > 65535 || grid_z > 65535) error = INVALID_VALUE;
  if (!x || !y || !z || (uint64_t)x * y * z > 1024 || z > 64 || bytes > kernel->shared) error = INVALID_VALUE;
  const char *parameter = kernel->parameters; const char *last = strchr(parameter, ')');
  while ((parameter = strstr(parameter, ".param .")) && parameter < last) { /* .u64 is a pointer */
    if (!strncmp(parameter, ".param .u64", 11) && block_with(**values, 1) < 0) error = lost = ILLEGAL_ADDRESS;
    parameter++; values++;
  })
DRIVER(cuTensorMapEncodeTiled, (void *map), )
DRIVER(cuTensorMapEncodeIm2col, (void *map), )

/* --- the GPU, its streams and its events ------------------------------------------------------- */

DRIVER(cuInit, (unsigned flags), if (!setting("STANDIN_COUNT", 1)) error = NO_DEVICE)
DRIVER(cuDriverGetVersion, (int *version), *version = setting("STANDIN_VERSION", 12090))
DRIVER(cuDeviceGetCount, (int *count), *count = setting("STANDIN_COUNT", 1))
DRIVER(cuDeviceGet, (int *device, int i), if (i < setting("STANDIN_COUNT", 1)) *device = i; else error = INVALID_DEVICE)
DRIVER(cuDeviceGetName, (char *name, int size, int device), snprintf(name, size, "Stand-in sm_%ld", sm()))
DRIVER(cuDeviceTotalMem_v2, (size_t *bytes, int device), *bytes = total() * MIB)
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
DRIVER(cuStreamCreate, (void **stream, unsigned flags), *stream = malloc(1))
DRIVER(cuStreamWaitEvent, (void *stream, void *event, unsigned flags), )
DRIVER(cuEventCreate, (void **event, unsigned flags), *event = malloc(1))
DRIVER(cuEventRecord, (void *event, void *stream), )
DRIVER(cuEventSynchronize, (void *event), )
DRIVER(cuEventDestroy_v2, (void *event), free(event))
int cuGetErrorName(int error, const char **name) { *name = "CUDA_ERROR"; return OK; }
int cuGetErrorString(int error, const char **words) { *words = "injected by the stand-in"; return OK; }
int cuGetExportTable(const void **table, const void *id) { *table = NULL; return NOT_FOUND; } /* NVRTC asks */
