/* A stand-in for libnvrtc.so, CUDA's run-time compiler, in front of the driver's.
 *
 * Compiled with -DREAL and linked to the real one, which has all other functions, it counts. Without, nothing is
 * compiled: every module is empty, which is all that the stand-in driver wants.
 *
 *     STANDIN_COMPILED=FILE   one line for each kernel: "compiled" or "failed", and the option for the GPU
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef REAL
int nvrtcCompileProgram(void *program, int count, const char **options) {
  int (*real)(void *, int, const char **) = dlsym(dlopen("libnvrtc.so.12", RTLD_NOW), "nvrtcCompileProgram");
  int error = real(program, count, options);
  FILE *log = fopen(getenv("STANDIN_COMPILED"), "a");
  fprintf(log, "%s %s\n", error ? "failed" : "compiled", options[0]), fclose(log);
  return error;
}
#else
int nvrtcVersion(int *major, int *minor) { return *major = 12, *minor = 9, 0; }
int nvrtcCreateProgram(void **program) { return *program = &stdout, 0; }
int nvrtcCompileProgram(void) { return 0; }
int nvrtcGetPTXSize(void *program, size_t *size) { return *size = 1, 0; }
int nvrtcGetPTX(void *program, char *ptx) { return *ptx = 0; }
int nvrtcGetProgramLogSize(void *program, size_t *size) { return *size = 1, 0; }
int nvrtcGetProgramLog(void *program, char *log) { return *log = 0; }
#endif
