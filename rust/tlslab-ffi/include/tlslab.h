/*
 * tlslab: one side of TLS connections, alive, for the fuzz harness of another stack.
 *
 * It does no I/O: bytes of the other stack go in, bytes for it come out. It draws nothing but from its seed, so the
 * same bytes give the same bytes. No function blocks. An endpoint belongs to one thread at a time.
 */
#ifndef TLSLAB_H
#define TLSLAB_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An endpoint, and the sessions that its connections leave. */
typedef struct tlslab_endpoint tlslab_endpoint;

/* Where a connection stands. */
enum tlslab_status {
    TLSLAB_HANDSHAKING = 0,
    TLSLAB_ESTABLISHED = 1,
    TLSLAB_ENDED = 2
};

/*
 * Begins the first connection of a part: JSON of `length` bytes,
 *
 *     {"side": "client", "behaviour": {"ems": "off"}, "scenario": {"name": "", "connections": [{"edits": []}]}}
 *
 * in which `behaviour` (knobs, docs/knobs.md) and `scenario` (docs/edits.md) may be left out. A client has bytes to
 * drain at once. NULL where it cannot be: tlslab_error() says why. To be freed by tlslab_free().
 */
tlslab_endpoint *tlslab_new(const char *json, size_t length, uint64_t seed);

/* Ends this connection and begins the next one of the scenario, with the sessions so far: 1, or 0 if there is none. */
int tlslab_next(tlslab_endpoint *endpoint);

/* Takes `length` bytes from the other stack, and does all that follows. */
void tlslab_feed(tlslab_endpoint *endpoint, const uint8_t *bytes, size_t length);

/* The other stack has closed the connection. */
void tlslab_closed(tlslab_endpoint *endpoint);

/* Writes up to `capacity` bytes for the other stack to `out`. Gives how many; 0 once there are no more. */
size_t tlslab_drain(tlslab_endpoint *endpoint, uint8_t *out, size_t capacity);

/* Where the connection stands. */
enum tlslab_status tlslab_status(const tlslab_endpoint *endpoint);

/* How many handshakes of this connection have finished: more than one after a renegotiation. */
uint32_t tlslab_handshakes(const tlslab_endpoint *endpoint);

/* Frees an endpoint; NULL is nothing. */
void tlslab_free(tlslab_endpoint *endpoint);

/*
 * Writes a part that is like the given one, with one to three things of its structure changed: a knob, a connection, an
 * edit. It depends on the part and the seed alone. Gives its length; 0 where the part is none (tlslab_error() says why)
 * or `capacity` is too small. For LLVMFuzzerCustomMutator; `json` and `out` may be the same.
 */
size_t tlslab_mutate(const char *json, size_t length, char *out, size_t capacity, uint64_t seed);

/* Why the last call of this thread has failed, in words; "" before any has. Good until the thread's next failure. */
const char *tlslab_error(void);

#ifdef __cplusplus
}
#endif

#endif
