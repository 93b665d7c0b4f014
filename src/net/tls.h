/* SPDX-License-Identifier: Apache-2.0 */
/* TLS (1.2 and 1.3) on sockets that never block. The only user of OpenSSL's libssl. A call that
 * would have to wait returns ERR_BUSY and says by tls_wants_write what to wait for; it is repeated
 * then. No session tickets, no renegotiation: a connection has one handshake and no memory of
 * others. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Certificates and keys: immutable, any thread; connections keep what they need of it. */
struct tls_context;
struct tls;

struct tls_files {
	const char *certificate; /* PEM, with its chain; "" = none (clients) */
	const char *key;         /* PEM; "" = in the file of the certificate */
	const char *ca;          /* PEM: who may have signed the peer's certificate; "" = anybody */
	bool require;            /* servers: a client without a certificate is refused */
};
/* reterr says which file is wrong and why. */
must_check enum err tls_server_context(const struct tls_files *f, struct tls_context **ret,
				       struct diag *reterr);
/* A client checks the server against `ca`, and that the certificate is for the name it connects to;
 * with ca "" it checks nothing. */
must_check enum err tls_client_context(const struct tls_files *f, struct tls_context **ret,
				       struct diag *reterr);
/* May be NULL. Connections live on. */
void tls_context_free(struct tls_context *c);

/* A connection on a connected socket, which stays the caller's. */
must_check enum err tls_accept(struct tls_context *c, int fd, struct tls **ret);
/* name: of the server, for its certificate; borrowed during the call. */
must_check enum err tls_connect(struct tls_context *c, int fd, const char *name, struct tls **ret);
/* Sends a close_notify if the handshake was completed; waits for nothing. May be NULL. */
void tls_free(struct tls *t);

/* ERR_OK: done. ERR_BUSY: again when the socket is ready. Anything else: it failed, and
 * tls_failure tells why. */
must_check enum err tls_handshake(struct tls *t);
/* Up to n bytes, *ret_n > 0 on ERR_OK. ERR_CLOSED: the peer has ended the connection properly. */
must_check enum err tls_read(struct tls *t, void *p, size_t n, size_t *ret_n);
must_check enum err tls_write(struct tls *t, const void *p, size_t n, size_t *ret_n);
bool tls_wants_write(const struct tls *t);
/* Why the last call failed, for people; borrowed. */
const char *tls_failure(const struct tls *t);
