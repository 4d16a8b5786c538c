/* Mbed TLS as a server or a client: peer server PORT CERT KEY DH, or peer client PORT. */
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/dhm.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_ticket.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context drbg;
static mbedtls_ssl_config config;

static void hold(int code, const char *what)
{
    if (code != 0) {
        fprintf(stderr, "%s: -0x%04x\n", what, (unsigned)-code);
        exit(1);
    }
}

static int talk(mbedtls_ssl_context *ssl, mbedtls_net_context *socket)
{
    unsigned char buffer[4096];
    int code;
    mbedtls_ssl_set_bio(ssl, socket, mbedtls_net_send, NULL, mbedtls_net_recv_timeout);
    if ((code = mbedtls_ssl_handshake(ssl)) != 0) {
        fprintf(stderr, "handshake: -0x%04x\n", (unsigned)-code);
        return code;
    }
    while (mbedtls_ssl_read(ssl, buffer, sizeof buffer) > 0) {
    }
    return 0;
}

static void serve(char **arguments)
{
    static mbedtls_x509_crt chain;
    static mbedtls_pk_context key;
    static mbedtls_dhm_context group;
    static mbedtls_ssl_cache_context cache;
    static mbedtls_ssl_ticket_context tickets;
    mbedtls_net_context listening, accepted;
    mbedtls_x509_crt_init(&chain);
    mbedtls_pk_init(&key);
    mbedtls_dhm_init(&group);
    mbedtls_ssl_cache_init(&cache);
    mbedtls_ssl_ticket_init(&tickets);
    hold(mbedtls_x509_crt_parse_file(&chain, arguments[3]), "certificate");
    hold(mbedtls_pk_parse_keyfile(&key, arguments[4], NULL), "key");
    hold(mbedtls_dhm_parse_dhmfile(&group, arguments[5]), "group");
    hold(mbedtls_ssl_conf_dh_param_ctx(&config, &group), "group");
    hold(mbedtls_ssl_conf_own_cert(&config, &chain, &key), "certificate");
    hold(mbedtls_ssl_ticket_setup(&tickets, mbedtls_ctr_drbg_random, &drbg, MBEDTLS_CIPHER_AES_256_GCM, 86400), "tickets");
    mbedtls_ssl_conf_session_cache(&config, &cache, mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
    mbedtls_ssl_conf_session_tickets_cb(&config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &tickets);
    mbedtls_net_init(&listening);
    hold(mbedtls_net_bind(&listening, "127.0.0.1", arguments[2], MBEDTLS_NET_PROTO_TCP), "listen");
    for (;;) {
        mbedtls_ssl_context ssl;
        mbedtls_ssl_init(&ssl);
        mbedtls_net_init(&accepted);
        hold(mbedtls_ssl_setup(&ssl, &config), "setup");
        hold(mbedtls_net_accept(&listening, &accepted, NULL, 0, NULL), "accept");
        talk(&ssl, &accepted);
        mbedtls_ssl_close_notify(&ssl);
        mbedtls_ssl_free(&ssl);
        mbedtls_net_free(&accepted);
    }
}

static void run_client(char **arguments)
{
    mbedtls_ssl_session session;
    int has_session = 0;
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_dhm_min_bitlen(&config, 1024);
    for (;;) {
        mbedtls_ssl_context ssl;
        mbedtls_net_context socket;
        mbedtls_ssl_init(&ssl);
        mbedtls_net_init(&socket);
        hold(mbedtls_ssl_setup(&ssl, &config), "setup");
        hold(mbedtls_net_connect(&socket, "127.0.0.1", arguments[2], MBEDTLS_NET_PROTO_TCP), "connect");
        if (has_session) {
            hold(mbedtls_ssl_set_session(&ssl, &session), "session");
        }
        if (talk(&ssl, &socket) == 0) {
            if (has_session) {
                mbedtls_ssl_session_free(&session);
            }
            mbedtls_ssl_session_init(&session);
            has_session = mbedtls_ssl_get_session(&ssl, &session) == 0;
        }
        mbedtls_ssl_close_notify(&ssl);
        mbedtls_ssl_free(&ssl);
        mbedtls_net_free(&socket);
    }
}

int main(int count, char **arguments)
{
    int is_server = count > 5 && strcmp(arguments[1], "server") == 0;
    signal(SIGPIPE, SIG_IGN);
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&drbg);
    hold(mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy, NULL, 0), "seed");
    mbedtls_ssl_config_init(&config);
    hold(mbedtls_ssl_config_defaults(&config, is_server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                     MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT), "defaults");
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &drbg);
    mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_1);
    mbedtls_ssl_conf_read_timeout(&config, 10000);
    if (is_server) {
        serve(arguments);
    } else {
        run_client(arguments);
    }
}
