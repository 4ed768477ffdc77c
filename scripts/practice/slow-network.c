/* slow-network LATENCY_NS BYTES_PER_S HOST_PID...: a switch whose cables are slow on purpose.
 *
 * Each host is a network namespace, named by a process in it, with a network card eth0 that is a TAP
 * device: what the host sends is read here, and written to the host that it is for, later. A host
 * sends one frame after the other at BYTES_PER_S (0: at once), and each arrives LATENCY_NS after it
 * has left. For kernels without netem, as many containers and virtual machines have.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { HOSTS = 128, LARGEST = 65600 };

struct frame {
  struct frame *next;
  long long due; /* when it arrives, in ns */
  size_t bytes;
  unsigned char content[];
};

static struct host {
  struct frame *first, *last; /* on their way, in their order */
  long long busy_until; /* when the last of them has left */
  unsigned char address[6];
} hosts[HOSTS];
static struct pollfd cards[HOSTS];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* The network card of the host in which this process runs. */
static int card_of(const char *pid) {
  char path[64];
  struct ifreq request = {.ifr_name = "eth0", .ifr_flags = IFF_TAP | IFF_NO_PI};
  snprintf(path, sizeof path, "/proc/%s/ns/net", pid);
  int space = open(path, O_RDONLY);
  if (space < 0 || setns(space, CLONE_NEWNET) < 0) fail(path);
  close(space);
  int card = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (card < 0 || ioctl(card, TUNSETIFF, &request) < 0) fail("/dev/net/tun");
  return card;
}

int main(int count, char **words) {
  int n = count - 3;
  if (n < 1 || n > HOSTS) return 2;
  long long latency = atoll(words[1]), rate = atoll(words[2]);
  for (int i = 0; i < n; i++) cards[i] = (struct pollfd){card_of(words[3 + i]), POLLIN, 0};
  /* On time also on a busy machine. */
  sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){1});
  prctl(PR_SET_TIMERSLACK, 1);

  static unsigned char buffer[LARGEST];
  for (;;) {
    long long next = -1;
    for (int i = 0; i < n; i++)
      if (hosts[i].first && (next < 0 || hosts[i].first->due < next)) next = hosts[i].first->due;
    long long wait = next - now();
    if (wait < 0) wait = 0;
    struct timespec pause = {wait / 1000000000, wait % 1000000000};
    if (ppoll(cards, n, next < 0 ? NULL : &pause, NULL) < 0) fail("ppoll");

    for (int i = 0; i < n; i++) {
      if (!(cards[i].revents & POLLIN)) continue;
      ssize_t bytes;
      for (int most = 64; most-- && (bytes = read(cards[i].fd, buffer, sizeof buffer)) > 14;) {
        struct host *from = &hosts[i];
        long long begin = now();
        memcpy(from->address, buffer + 6, 6);
        if (begin < from->busy_until) begin = from->busy_until;
        from->busy_until = begin + (rate ? bytes * 1000000000LL / rate : 0);
        struct frame *frame = malloc(sizeof *frame + bytes);
        if (!frame) fail("malloc");
        frame->next = NULL;
        frame->due = from->busy_until + latency;
        frame->bytes = bytes;
        memcpy(frame->content, buffer, bytes);
        if (from->first) from->last->next = frame; else from->first = frame;
        from->last = frame;
      }
    }
    for (int i = 0; i < n; i++) {
      struct frame *frame;
      while ((frame = hosts[i].first) && frame->due <= now()) {
        int to_one = 0;
        for (int j = 0; j < n; j++) to_one |= j != i && !memcmp(hosts[j].address, frame->content, 6);
        for (int j = 0; j < n; j++)
          if (j != i && (!to_one || !memcmp(hosts[j].address, frame->content, 6)))
            /* A host that is unplugged does not get it. */
            if (write(cards[j].fd, frame->content, frame->bytes) < 0) continue;
        hosts[i].first = frame->next;
        free(frame);
      }
    }
  }
}
