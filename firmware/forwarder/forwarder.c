/* The forwarding thread, and the sockets that a table asks for. */
#include "forwarder.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "datapath.h"
#include "ports.h"

#define EVENTS 16

enum command { COMMAND_NONE, COMMAND_ADOPT, COMMAND_STATISTICS, COMMAND_STOP };

struct forwarder {
  struct datapath datapath; /* the thread's */
  struct ports ports;       /* the controlling thread's; the other one touches them only while this one waits */
  int epoll, wake;
  pthread_t thread;

  /* One command at a time; the controlling thread waits until it is done. */
  pthread_mutex_t mutex;
  pthread_cond_t done;
  enum command command;
  struct table *table; /* to adopt; afterwards the one before */
  int error;
  double *counters;
  size_t capacity, counter_count;
};

/* The clock of JavaScript's monotonicMs: it counts through suspend. */
static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* In the thread: true if it is to stop. */
static bool execute(struct forwarder *forwarder) {
  uint64_t count;
  if (read(forwarder->wake, &count, sizeof count) < 0 && errno != EAGAIN) return true;
  pthread_mutex_lock(&forwarder->mutex);
  enum command command = forwarder->command;
  if (command == COMMAND_ADOPT) {
    forwarder->table = core_adopt(&forwarder->datapath.core, forwarder->table);
    forwarder->error = ports_watch(&forwarder->ports, forwarder->epoll);
  } else if (command == COMMAND_STATISTICS) {
    forwarder->counter_count =
        core_statistics(&forwarder->datapath.core, now_ms(), forwarder->counters, forwarder->capacity);
  }
  forwarder->command = COMMAND_NONE;
  pthread_cond_signal(&forwarder->done);
  pthread_mutex_unlock(&forwarder->mutex);
  return command == COMMAND_STOP;
}

/*
 * A batch thread does not interrupt the one that is just filling its queues, so it finds more packets when its turn
 * comes. On a processor with nothing else to do it starts as soon as ever.
 */
static void prefer_batches(void) {
  const struct sched_param parameters = {.sched_priority = 0};
  pthread_setschedparam(pthread_self(), SCHED_BATCH, &parameters);
}

static void *run(void *argument) {
  struct forwarder *forwarder = argument;
  prefer_batches();
  struct epoll_event events[EVENTS];
  for (;;) {
    int count = epoll_wait(forwarder->epoll, events, EVENTS, -1);
    uint64_t now = now_ms();
    bool commanded = false;
    for (int i = 0; i < count; i++) {
      void *what = events[i].data.ptr;
      if (what == &forwarder->wake) commanded = true;
      else if (what != &forwarder->datapath) datapath_inbound(&forwarder->datapath, what, now);
      else if (!datapath_outbound(&forwarder->datapath, now))
        epoll_ctl(forwarder->epoll, EPOLL_CTL_DEL, forwarder->datapath.tun.descriptor, &events[i]);
    }
    /* Last, because afterwards the controlling thread may close sockets that this turn's events name. */
    if (commanded && execute(forwarder)) return NULL;
  }
}

/* In the controlling thread: has the forwarding thread execute a command, between two batches. */
static void command(struct forwarder *forwarder, enum command command) {
  const uint64_t one = 1;
  pthread_mutex_lock(&forwarder->mutex);
  forwarder->command = command;
  /* A counter that is not about to overflow takes every write. */
  ssize_t written = write(forwarder->wake, &one, sizeof one);
  while (written > 0 && forwarder->command != COMMAND_NONE) pthread_cond_wait(&forwarder->done, &forwarder->mutex);
  pthread_mutex_unlock(&forwarder->mutex);
}

static bool watch(struct forwarder *forwarder, int descriptor, void *what) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};
  return epoll_ctl(forwarder->epoll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

static void release(struct forwarder *forwarder) {
  if (forwarder->epoll >= 0) close(forwarder->epoll);
  if (forwarder->wake >= 0) close(forwarder->wake);
  free(forwarder);
}

static bool start_thread(struct forwarder *forwarder) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&forwarder->thread, NULL, run, forwarder);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return error == 0;
}

struct forwarder *forwarder_start(int tun_descriptor) {
  struct forwarder *forwarder = calloc(1, sizeof *forwarder);
  if (!forwarder) return NULL;
  pthread_mutex_init(&forwarder->mutex, NULL);
  pthread_cond_init(&forwarder->done, NULL);
  forwarder->epoll = epoll_create1(EPOLL_CLOEXEC);
  forwarder->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (forwarder->epoll >= 0 && forwarder->wake >= 0 && datapath_create(&forwarder->datapath, tun_descriptor)) {
    if (watch(forwarder, forwarder->wake, &forwarder->wake) &&
        watch(forwarder, tun_descriptor, &forwarder->datapath) && start_thread(forwarder))
      return forwarder;
    int error = errno;
    datapath_destroy(&forwarder->datapath);
    errno = error;
  }
  int error = errno;
  release(forwarder);
  errno = error;
  return NULL;
}

int forwarder_apply(struct forwarder *forwarder, const uint8_t *bytes, size_t length) {
  struct table *table = table_parse(bytes, length);
  if (!table) return -errno;
  int error = ports_open(&forwarder->ports, table);
  if (error != 0) {
    ports_settle(&forwarder->ports, false);
    table_free(table);
    return error;
  }
  forwarder->table = table;
  command(forwarder, COMMAND_ADOPT);
  ports_settle(&forwarder->ports, true);
  table_free(forwarder->table);
  return forwarder->error;
}

size_t forwarder_statistics(struct forwarder *forwarder, double *counters, size_t capacity) {
  forwarder->counters = counters;
  forwarder->capacity = capacity;
  command(forwarder, COMMAND_STATISTICS);
  return forwarder->counter_count;
}

void forwarder_stop(struct forwarder *forwarder) {
  command(forwarder, COMMAND_STOP);
  pthread_join(forwarder->thread, NULL);
  datapath_destroy(&forwarder->datapath);
  ports_close(&forwarder->ports);
  pthread_cond_destroy(&forwarder->done);
  pthread_mutex_destroy(&forwarder->mutex);
  release(forwarder);
}
