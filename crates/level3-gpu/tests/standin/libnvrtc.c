/* A stand-in for libnvrtc.so, CUDA's run-time compiler, in front of the driver's.
 *
 * With STANDIN_NVRTC=/path/of/libnvrtc.so.12 it hands everything to the real one, and counts. Without,
 * nothing is compiled: each kernel becomes a module with its name and no code, which is all that
 * the stand-in driver wants, so a run takes seconds and needs nothing of NVIDIA's.
 *
 *     STANDIN_COMPILED=FILE   one line for each kernel: "compiled" or "failed", and the option for the GPU
 */
#include <ctype.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK, COMPILATION = 6 };
#define GPU "--gpu-architecture=sm_"

static void *real(const char *name) {
  static void *library;
  if (!library && getenv("STANDIN_NVRTC")) library = dlopen(getenv("STANDIN_NVRTC"), RTLD_NOW);
  return library ? dlsym(library, name) : NULL;
}
/* Calls the real function if there is one; its arguments are pointers and an int. */
#define HAND_ON(type, ...) do { int (*f) type = real(__func__); if (f) return f(__VA_ARGS__); } while (0)

struct Program { const char *source; char ptx[1024]; };

static int is_letter(char c) { return isalnum((unsigned char)c) || c == '_'; }

int nvrtcVersion(int *major, int *minor) {
  HAND_ON((int *, int *), major, minor);
  *major = 12, *minor = 9;
  return OK;
}
int nvrtcCreateProgram(struct Program **program, const char *source, const char *name, int headers, void *a, void *b) {
  HAND_ON((struct Program **, const char *, const char *, int, void *, void *), program, source, name, headers, a, b);
  (*program = calloc(1, sizeof **program))->source = source;
  return OK;
}
/* The kernel's name is the last word of its line, `extern "C" __global__ void __launch_bounds__(256)name (`. */
static int nothing(struct Program *program, const char *gpu) {
  const char *line = strstr(program->source, "__global__");
  if (!line || strncmp(gpu, GPU, strlen(GPU))) return COMPILATION;
  const char *end = strchr(line, '\n'), *name;
  while (end > line && !is_letter(end[-1])) end--;
  for (name = end; is_letter(name[-1]);) name--;
  snprintf(program->ptx, sizeof program->ptx, ".target sm_%s\n.entry %.*s()\n", gpu + strlen(GPU),
           (int)(end - name), name);
  return OK;
}
int nvrtcCompileProgram(struct Program *program, int count, const char **options) {
  int (*f)(struct Program *, int, const char **) = real(__func__);
  int error = f ? f(program, count, options) : nothing(program, options[0]);
  FILE *log = getenv("STANDIN_COMPILED") ? fopen(getenv("STANDIN_COMPILED"), "a") : NULL;
  if (log) fprintf(log, "%s %s\n", error ? "failed" : "compiled", options[0]), fclose(log);
  return error;
}
int nvrtcGetPTXSize(struct Program *program, size_t *size) {
  HAND_ON((struct Program *, size_t *), program, size);
  *size = sizeof program->ptx;
  return OK;
}
int nvrtcGetPTX(struct Program *program, char *ptx) {
  HAND_ON((struct Program *, char *), program, ptx);
  memcpy(ptx, program->ptx, sizeof program->ptx);
  return OK;
}
int nvrtcGetProgramLogSize(struct Program *program, size_t *size) {
  HAND_ON((struct Program *, size_t *), program, size);
  *size = 1;
  return OK;
}
int nvrtcGetProgramLog(struct Program *program, char *log) {
  HAND_ON((struct Program *, char *), program, log);
  *log = 0;
  return OK;
}
