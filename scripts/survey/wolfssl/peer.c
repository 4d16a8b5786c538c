/* wolfSSL as a server or a client: peer server PORT CERT KEY DH, or peer client PORT. */
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in address_of(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/* The session that the last connection of a client left. */
static WOLFSSL_SESSION *session = NULL;

static void talk(WOLFSSL *ssl, int fd, int is_server)
{
    char buffer[4096];
    struct timeval patience = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    wolfSSL_set_fd(ssl, fd);
    if ((is_server ? wolfSSL_accept(ssl) : wolfSSL_connect(ssl)) == WOLFSSL_SUCCESS) {
        if (!is_server) {
            session = wolfSSL_get1_session(ssl);
        }
        while (wolfSSL_read(ssl, buffer, sizeof buffer) > 0) {
        }
        wolfSSL_shutdown(ssl);
    } else {
        fprintf(stderr, "error %d\n", wolfSSL_get_error(ssl, 0));
        /* It is not to be offered again. */
        session = NULL;
    }
}

static void serve(WOLFSSL_CTX *context, char **arguments)
{
    struct sockaddr_in address = address_of(arguments[2]);
    int listening = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    if (wolfSSL_CTX_use_certificate_chain_file(context, arguments[3]) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_use_PrivateKey_file(context, arguments[4], WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_SetTmpDH_file(context, arguments[5], WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS) {
        fprintf(stderr, "no certificate, key or group\n");
        exit(1);
    }
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listening, (struct sockaddr *)&address, sizeof address) || listen(listening, 50)) {
        die("listen");
    }
    for (;;) {
        int fd = accept(listening, NULL, NULL);
        WOLFSSL *ssl = wolfSSL_new(context);
        talk(ssl, fd, 1);
        wolfSSL_free(ssl);
        close(fd);
    }
}

static void run_client(WOLFSSL_CTX *context, char **arguments)
{
    struct sockaddr_in address = address_of(arguments[2]);
    wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_NONE, NULL);
    wolfSSL_CTX_UseSessionTicket(context);
    for (;;) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        WOLFSSL *ssl = wolfSSL_new(context);
        if (connect(fd, (struct sockaddr *)&address, sizeof address)) {
            die("connect");
        }
        if (session != NULL) {
            wolfSSL_set_session(ssl, session);
        }
        talk(ssl, fd, 0);
        wolfSSL_free(ssl);
        close(fd);
    }
}

int main(int count, char **arguments)
{
    int is_server = count > 5 && strcmp(arguments[1], "server") == 0;
    WOLFSSL_CTX *context;
    signal(SIGPIPE, SIG_IGN);
    wolfSSL_Init();
    context = wolfSSL_CTX_new(is_server ? wolfTLSv1_2_server_method() : wolfTLSv1_2_client_method());
    if (is_server) {
        serve(context, arguments);
    } else {
        run_client(context, arguments);
    }
}
