/* A client and a server of the lab, each behind the C interface, and bytes between them: what a harness does. */
#include <stdio.h>
#include <string.h>

#include "tlslab.h"

#define CHECK(what) \
    do { if (!(what)) { fprintf(stderr, "line %d: %s; %s\n", __LINE__, #what, tlslab_error()); return 1; } } while (0)

/* Hands over all that one side has for the other, some bytes at a time. Gives how many there were. */
static size_t carry(tlslab_endpoint *from, tlslab_endpoint *to) {
    uint8_t bytes[100];
    size_t count, total = 0;
    while ((count = tlslab_drain(from, bytes, sizeof bytes)) > 0) {
        tlslab_feed(to, bytes, count);
        total += count;
    }
    return total;
}

static size_t settle(tlslab_endpoint *client, tlslab_endpoint *server) {
    size_t moved, total = 0;
    do {
        moved = carry(client, server) + carry(server, client);
        total += moved;
    } while (moved > 0);
    return total;
}

static tlslab_endpoint *make(const char *json, uint64_t seed) {
    return tlslab_new(json, strlen(json), seed);
}

int main(void) {
    const char *two = "{\"side\": \"client\", \"scenario\": {\"name\": \"two\", \"connections\": [{}, {}]}}";
    const char *server_of_two = "{\"side\": \"server\", \"scenario\": {\"name\": \"two\", \"connections\": [{}, {}]}}";
    tlslab_endpoint *client = make(two, 7), *server = make(server_of_two, 8);
    CHECK(client != NULL && server != NULL);
    CHECK(tlslab_status(client) == TLSLAB_HANDSHAKING);
    size_t full = settle(client, server);
    CHECK(tlslab_handshakes(client) == 1 && tlslab_handshakes(server) == 1);
    /* The client has said what it had to say, and closed. */
    CHECK(tlslab_status(client) == TLSLAB_ENDED && tlslab_status(server) == TLSLAB_ENDED);

    /* The session is resumed: no certificates cross. */
    CHECK(tlslab_next(client) == 1 && tlslab_next(server) == 1);
    CHECK(settle(client, server) < full / 2);
    CHECK(tlslab_handshakes(client) == 1 && tlslab_handshakes(server) == 1);
    CHECK(tlslab_next(client) == 0);
    tlslab_free(client);
    tlslab_free(server);

    /* An edit of the client's ends it. */
    client = make("{\"side\": \"client\", \"scenario\": {\"name\": \"\", \"connections\": [{\"edits\": ["
                  "{\"side\": \"client\", \"select\": {\"message\": \"Finished\"}, \"change\": \"drop\"}]}]}}", 7);
    server = make("{\"side\": \"server\"}", 8);
    CHECK(client != NULL && server != NULL);
    settle(client, server);
    CHECK(tlslab_handshakes(client) == 0 && tlslab_handshakes(server) == 0);
    tlslab_closed(server);
    CHECK(tlslab_status(server) == TLSLAB_ENDED);
    tlslab_free(client);
    tlslab_free(server);

    /* What is wrong is said. */
    CHECK(make("{\"side\": \"client\", \"behaviour\": {\"emss\": \"off\"}}", 1) == NULL);
    CHECK(strstr(tlslab_error(), "emss") != NULL && strstr(tlslab_error(), "ems") != NULL);
    CHECK(tlslab_new("{\0}", 3, 1) == NULL && make("", 1) == NULL && tlslab_new(NULL, 0, 1) == NULL);
    CHECK(strstr(tlslab_error(), "\"side\"") != NULL);
    CHECK(tlslab_next(NULL) == 0 && tlslab_drain(NULL, NULL, 0) == 0 && tlslab_status(NULL) == TLSLAB_ENDED);
    tlslab_feed(NULL, NULL, 0);
    tlslab_closed(NULL);
    tlslab_free(NULL);

    /* Mutations are parts, and depend on their seeds. */
    char part[1 << 16], again[1 << 16];
    size_t length = strlen(two), changed = 0;
    memcpy(part, two, length);
    for (uint64_t seed = 0; seed < 200; seed++) {
        size_t size = tlslab_mutate(part, length, again, sizeof again, seed);
        CHECK(size > 0 && tlslab_mutate(part, length, again, size - 1, seed) == 0);
        changed += size != length || memcmp(part, again, size) != 0;
        length = tlslab_mutate(part, length, part, sizeof part, seed);
        CHECK(length == size && memcmp(part, again, size) == 0);
        client = tlslab_new(part, length, seed);
        CHECK(client != NULL);
        tlslab_free(client);
    }
    CHECK(changed > 100);
    CHECK(tlslab_mutate("[]", 2, again, sizeof again, 1) == 0);
    puts("fine");
    return 0;
}
