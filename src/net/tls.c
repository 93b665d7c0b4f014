/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REASON_MAX = 160 };

struct tls_context {
	SSL_CTX *ctx;
	bool checks_server;
};

struct tls {
	SSL *ssl;
	bool wants_write, established, broken;
	char reason[REASON_MAX];
};

/* The oldest entry of OpenSSL's queue says what went wrong first; the queue is emptied. */
static const char *openssl_reason(char text[REASON_MAX], const char *otherwise)
{
	unsigned long code = ERR_get_error();
	const char *reason = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
			     : code                 ? ERR_reason_error_string(code)
						    : NULL;
	snprintf(text, REASON_MAX, "%s", reason ? reason : otherwise);
	ERR_clear_error();
	return text;
}

static enum err bad_file(const char *what, const char *path, struct diag *reterr)
{
	char text[REASON_MAX];
	return diag_set(reterr, ERR_CONFIG, 0, 0, "%s %s: %s", what, path,
			openssl_reason(text, "cannot be used"));
}

static enum err load_files(struct tls_context *c, const struct tls_files *f, struct diag *reterr)
{
	const char *key = *f->key ? f->key : f->certificate;
	ERR_clear_error();
	if (*f->certificate && SSL_CTX_use_certificate_chain_file(c->ctx, f->certificate) != 1)
		return bad_file("certificate", f->certificate, reterr);
	if (*key && SSL_CTX_use_PrivateKey_file(c->ctx, key, SSL_FILETYPE_PEM) != 1)
		return bad_file("private key", key, reterr);
	if (*f->ca && SSL_CTX_load_verify_locations(c->ctx, f->ca, NULL) != 1)
		return bad_file("authorities", f->ca, reterr);
	return ERR_OK;
}

static enum err make_context(const SSL_METHOD *method, const struct tls_files *f,
			     struct tls_context **ret, struct diag *reterr)
{
	struct tls_context *c = calloc(1, sizeof(*c));
	if (c)
		c->ctx = SSL_CTX_new(method);
	if (!c || !c->ctx) {
		free(c);
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	}
	SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(c->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_session_cache_mode(c->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(c->ctx, 0);
	SSL_CTX_set_mode(c->ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	enum err e = load_files(c, f, reterr);
	if (e) {
		tls_context_free(c);
		return e;
	}
	*ret = c;
	return ERR_OK;
}

enum err tls_server_context(const struct tls_files *f, struct tls_context **ret,
			    struct diag *reterr)
{
	struct tls_context *c;
	enum err e = make_context(TLS_server_method(), f, &c, reterr);
	if (e)
		return e;
	SSL_CTX_set_options(c->ctx, SSL_OP_NO_TICKET);
	if (*f->ca) {
		STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(f->ca);
		SSL_CTX_set_client_CA_list(c->ctx, names);
		SSL_CTX_set_verify(
		    c->ctx, SSL_VERIFY_PEER | (f->require ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
		    NULL);
	}
	*ret = c;
	return ERR_OK;
}

enum err tls_client_context(const struct tls_files *f, struct tls_context **ret,
			    struct diag *reterr)
{
	struct tls_context *c;
	enum err e = make_context(TLS_client_method(), f, &c, reterr);
	if (e)
		return e;
	c->checks_server = *f->ca;
	SSL_CTX_set_verify(c->ctx, c->checks_server ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	*ret = c;
	return ERR_OK;
}

void tls_context_free(struct tls_context *c)
{
	if (c)
		SSL_CTX_free(c->ctx);
	free(c);
}

static enum err make_connection(struct tls_context *c, int fd, struct tls **ret)
{
	struct tls *t = calloc(1, sizeof(*t));
	if (t)
		t->ssl = SSL_new(c->ctx);
	if (!t || !t->ssl || SSL_set_fd(t->ssl, fd) != 1) {
		tls_free(t);
		ERR_clear_error();
		return ERR_NOMEM;
	}
	*ret = t;
	return ERR_OK;
}

enum err tls_accept(struct tls_context *c, int fd, struct tls **ret)
{
	enum err e = make_connection(c, fd, ret);
	if (!e)
		SSL_set_accept_state((*ret)->ssl);
	return e;
}

/* An address is looked for among the addresses of the certificate, a name among its names. */
static bool expect_name(SSL *ssl, const char *name)
{
	X509_VERIFY_PARAM *p = SSL_get0_param(ssl);
	if (X509_VERIFY_PARAM_set1_ip_asc(p, name) == 1)
		return true;
	ERR_clear_error();
	/* What SSL_set_tlsext_host_name is, which casts const away; the name is copied. */
	return SSL_set1_host(ssl, name) == 1 &&
	       SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
			(void *)(uintptr_t)name) == 1;
}

enum err tls_connect(struct tls_context *c, int fd, const char *name, struct tls **ret)
{
	struct tls *t;
	enum err e = make_connection(c, fd, &t);
	if (e)
		return e;
	SSL_set_connect_state(t->ssl);
	if (c->checks_server && !expect_name(t->ssl, name)) {
		tls_free(t);
		return ERR_NOMEM;
	}
	*ret = t;
	return ERR_OK;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	ERR_clear_error();
	if (t->established && !t->broken)
		(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
	SSL_free(t->ssl);
	free(t);
}

static enum err failed(struct tls *t, enum err e, const char *reason)
{
	long verified = SSL_get_verify_result(t->ssl);
	t->broken = true;
	if (!t->established && verified != X509_V_OK) {
		ERR_clear_error();
		snprintf(t->reason, sizeof(t->reason), "%s",
			 X509_verify_cert_error_string(verified));
	} else {
		openssl_reason(t->reason, reason);
	}
	return e;
}

/* What a call that returned rc means. */
static enum err outcome(struct tls *t, int rc)
{
	t->wants_write = false;
	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_NONE:
		return ERR_OK;
	case SSL_ERROR_WANT_READ:
		return ERR_BUSY;
	case SSL_ERROR_WANT_WRITE:
		t->wants_write = true;
		return ERR_BUSY;
	case SSL_ERROR_ZERO_RETURN:
		return ERR_CLOSED;
	case SSL_ERROR_SYSCALL:
		return failed(t, ERR_IO, "the connection broke");
	default:
		return failed(t, ERR_REMOTE, "TLS failed");
	}
}

enum err tls_handshake(struct tls *t)
{
	if (t->broken)
		return ERR_IO;
	ERR_clear_error();
	enum err e = outcome(t, SSL_do_handshake(t->ssl));
	t->established = e == ERR_OK;
	return e;
}

enum err tls_read(struct tls *t, void *p, size_t n, size_t *ret_n)
{
	size_t got = 0;
	if (t->broken)
		return ERR_IO;
	ERR_clear_error();
	enum err e = outcome(t, SSL_read_ex(t->ssl, p, n, &got) == 1 ? 1 : 0);
	if (!e)
		*ret_n = got;
	return e;
}

enum err tls_write(struct tls *t, const void *p, size_t n, size_t *ret_n)
{
	size_t done = 0;
	if (t->broken)
		return ERR_IO;
	ERR_clear_error();
	enum err e = outcome(t, SSL_write_ex(t->ssl, p, n, &done) == 1 ? 1 : 0);
	if (!e)
		*ret_n = done;
	return e;
}

bool tls_wants_write(const struct tls *t)
{
	return t->wants_write;
}

const char *tls_failure(const struct tls *t)
{
	return t->reason;
}
