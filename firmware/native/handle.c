#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "native/native.h"

/* A handle's number: the entry below, the generation above. Both stay positive in 31 bits. */
enum { ENTRY_BITS = 16, ENTRY_MASK = (1 << ENTRY_BITS) - 1, GENERATION_MASK = (1 << (31 - ENTRY_BITS)) - 1 };

int handle_table_init(struct handle_table *table)
{
    *table = (struct handle_table){.epoll = epoll_create1(EPOLL_CLOEXEC)};
    return table->epoll < 0 ? -errno : 0;
}

static int number_of(const struct handle_table *table, uint32_t entry)
{
    return (int)(table->entries[entry].generation << ENTRY_BITS | entry);
}

static int grow(struct handle_table *table)
{
    uint32_t capacity = table->capacity == 0 ? 32 : table->capacity * 2;
    if (capacity > ENTRY_MASK + 1) return -EMFILE;
    struct handle *entries = realloc(table->entries, capacity * sizeof(*entries));
    if (entries == NULL) return -ENOMEM;
    table->entries = entries;
    for (uint32_t i = capacity; i-- > table->capacity;) {
        table->entries[i] = (struct handle){.descriptor = -1, .next_free = table->first_free};
        if (i > 0) table->first_free = i;
    }
    table->capacity = capacity;
    return 0;
}

static uint32_t epoll_events(int readiness)
{
    return (readiness & READABLE ? EPOLLIN : 0u) | (readiness & WRITABLE ? EPOLLOUT : 0u);
}

static int watch_entry(struct handle_table *table, uint32_t entry, int readiness)
{
    struct handle *handle = &table->entries[entry];
    if (readiness == handle->readiness) return 0;
    if (handle->descriptor < 0) return -EINVAL;
    struct epoll_event event = {.events = epoll_events(readiness), .data.u32 = (uint32_t)number_of(table, entry)};
    /* A hangup is reported whether asked for or not; only a descriptor that epoll does not know keeps quiet. */
    int operation = readiness == 0 ? EPOLL_CTL_DEL : handle->readiness == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl(table->epoll, operation, handle->descriptor, &event) < 0) return -errno;
    handle->readiness = readiness;
    return 0;
}

int handle_open_with(struct handle_table *table, enum handle_kind kind, int descriptor, int readiness, void *data,
                     void (*release)(void *data))
{
    int error = table->first_free == 0 ? grow(table) : 0;
    if (error < 0) {
        if (release != NULL) release(data);
        if (descriptor >= 0) close(descriptor);
        return error;
    }
    uint32_t entry = table->first_free;
    struct handle *handle = &table->entries[entry];
    table->first_free = handle->next_free;
    table->live++;
    handle->kind = kind;
    handle->descriptor = descriptor;
    handle->readiness = 0;
    handle->data = data;
    handle->release = release;
    int number = number_of(table, entry);
    error = watch_entry(table, entry, readiness);
    if (error < 0) {
        handle_close(table, number);
        return error;
    }
    return number;
}

int handle_open(struct handle_table *table, enum handle_kind kind, int descriptor, int readiness)
{
    return handle_open_with(table, kind, descriptor, readiness, NULL, NULL);
}

struct handle *handle_find(struct handle_table *table, int number)
{
    if (number <= 0) return NULL;
    uint32_t entry = (uint32_t)number & ENTRY_MASK;
    if (entry == 0 || entry >= table->capacity) return NULL;
    struct handle *handle = &table->entries[entry];
    if (handle->kind == HANDLE_FREE || number_of(table, entry) != number) return NULL;
    return handle;
}

int handle_watch(struct handle_table *table, int number, int readiness)
{
    if (handle_find(table, number) == NULL) return -EBADF;
    return watch_entry(table, (uint32_t)number & ENTRY_MASK, readiness);
}

void handle_close(struct handle_table *table, int number)
{
    struct handle *handle = handle_find(table, number);
    if (handle == NULL) return;
    /* A duplicate of the descriptor (a child's, the forwarder's) would keep it in epoll after its close. */
    if (handle->readiness != 0) epoll_ctl(table->epoll, EPOLL_CTL_DEL, handle->descriptor, NULL);
    if (handle->release != NULL) handle->release(handle->data);
    if (handle->descriptor >= 0) close(handle->descriptor);
    uint32_t generation = (handle->generation + 1) & GENERATION_MASK;
    *handle = (struct handle){.descriptor = -1, .generation = generation, .next_free = table->first_free};
    table->first_free = (uint32_t)number & ENTRY_MASK;
    table->live--;
}

void handle_table_free(struct handle_table *table)
{
    for (uint32_t i = table->capacity; i-- > 1;) {
        if (table->entries[i].kind != HANDLE_FREE) handle_close(table, number_of(table, i));
    }
    free(table->entries);
    if (table->epoll >= 0) close(table->epoll);
}
