/* SPDX-License-Identifier: Apache-2.0 */
#include "net/snmp.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPETITIONS = 24, PEER_MAX = 80, US_PER_MS = 1000 };

struct snmp_device {
	void *handle;
	netsnmp_session *session;
	netsnmp_pdu *answer; /* what values point into */
};

void snmp_start(void)
{
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_CONFIG_LOAD, 1);
	snmp_disable_log();
	/* Numbers are enough: no MIB files are looked for. */
	(void)setenv("MIBS", "", 1);
	netsnmp_set_mib_directory("");
	init_snmp("weir");
}

bool snmp_knows(const char *auth, const char *priv)
{
	return (!auth || usm_lookup_auth_type(auth) > 0) &&
	       (!priv || usm_lookup_priv_type(priv) > 0);
}

/* Localised keys from the passwords; the library copies them when the session is opened. */
static bool fill_keys(netsnmp_session *s, const struct snmp_access *a)
{
	s->securityLevel = SNMP_SEC_LEVEL_NOAUTH;
	if (!a->auth)
		return true;
	s->securityLevel = SNMP_SEC_LEVEL_AUTHNOPRIV;
	s->securityAuthProto =
	    sc_get_auth_oid(usm_lookup_auth_type(a->auth), &s->securityAuthProtoLen);
	s->securityAuthKeyLen = USM_AUTH_KU_LEN;
	if (!s->securityAuthProto ||
	    generate_Ku(s->securityAuthProto, (u_int)s->securityAuthProtoLen,
			(const u_char *)a->auth_password, strlen(a->auth_password),
			s->securityAuthKey, &s->securityAuthKeyLen) != SNMPERR_SUCCESS)
		return false;
	if (!a->priv)
		return true;
	s->securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
	s->securityPrivProto =
	    sc_get_priv_oid(usm_lookup_priv_type(a->priv), &s->securityPrivProtoLen);
	s->securityPrivKeyLen = USM_PRIV_KU_LEN;
	return s->securityPrivProto &&
	       generate_Ku(s->securityAuthProto, (u_int)s->securityAuthProtoLen,
			   (const u_char *)a->priv_password, strlen(a->priv_password),
			   s->securityPrivKey, &s->securityPrivKeyLen) == SNMPERR_SUCCESS;
}

enum err snmp_device_open(const struct ip *device, const struct snmp_access *a,
			  struct snmp_device **ret, struct diag *reterr)
{
	enum { DEFAULT_PORT = 161 };
	char ip[IP_TEXT_MAX], peer[PEER_MAX];
	netsnmp_session s;
	ip_format(device, ip);
	unsigned port = a->port ? a->port : DEFAULT_PORT;
	snprintf(peer, sizeof(peer), ip_is_v4(device) ? "udp:%s:%u" : "udp6:[%s]:%u", ip, port);
	/* The library frees none of these texts and does not write to them; it copies them. */
	char *user = a->user ? strdup(a->user) : NULL;
	char *community = a->community ? strdup(a->community) : NULL;
	snmp_sess_init(&s);
	s.peername = peer;
	s.timeout = (long)a->timeout_ms * US_PER_MS;
	s.retries = 1;
	bool ok = true;
	if (a->version == SNMP_DEVICE_V3) {
		s.version = SNMP_VERSION_3;
		s.securityName = user;
		s.securityNameLen = user ? strlen(user) : 0;
		ok = user && fill_keys(&s, a);
	} else {
		s.version = SNMP_VERSION_2c;
		s.community = (u_char *)community;
		s.community_len = community ? strlen(community) : 0;
		ok = community != NULL;
	}
	struct snmp_device *n = ok ? calloc(1, sizeof(*n)) : NULL;
	if (n)
		n->handle = snmp_sess_open(&s);
	free(user);
	free(community);
	explicit_bzero(s.securityAuthKey, sizeof(s.securityAuthKey));
	explicit_bzero(s.securityPrivKey, sizeof(s.securityPrivKey));
	if (!n || !n->handle) {
		free(n);
		/* v3 begins with a question for the engine's id: a device that is not there ends
		 * here. */
		return diag_set(reterr, ok ? ERR_TIMEOUT : ERR_MALFORMED, 0, 0, "%s",
				ok ? "no answer" : "these passwords cannot be used");
	}
	n->session = snmp_sess_session(n->handle);
	*ret = n;
	return ERR_OK;
}

void snmp_device_close(struct snmp_device *s)
{
	if (!s)
		return;
	if (s->answer)
		snmp_free_pdu(s->answer);
	/* The library keeps a user with its keys for ever, and would take them for a session that
	 * comes with other passwords. */
	netsnmp_session *n = s->session;
	struct usmUser *user =
	    n->version == SNMP_VERSION_3 && n->securityName
		? usm_get_user(n->securityEngineID, n->securityEngineIDLen, n->securityName)
		: NULL;
	if (user) {
		usm_remove_user(user);
		usm_free_user(user);
	}
	snmp_sess_close(s->handle);
	free(s);
}

static enum err ask(struct snmp_device *s, netsnmp_pdu *question, struct diag *reterr)
{
	if (s->answer)
		snmp_free_pdu(s->answer);
	s->answer = NULL;
	int status = snmp_sess_synch_response(s->handle, question, &s->answer);
	if (status == STAT_TIMEOUT)
		return diag_set(reterr, ERR_TIMEOUT, 0, 0, "no answer");
	if (status != STAT_SUCCESS || !s->answer)
		return diag_set(reterr, ERR_DENIED, 0, 0, "%s",
				snmp_api_errstring(s->session->s_snmp_errno));
	if (s->answer->command == SNMP_MSG_REPORT)
		return diag_set(reterr, ERR_DENIED, 0, 0, "user or password refused");
	if (s->answer->errstat == SNMP_ERR_NOSUCHNAME)
		return ERR_NOT_FOUND;
	if (s->answer->errstat != SNMP_ERR_NOERROR)
		return diag_set(reterr, ERR_REMOTE, 0, 0, "%s",
				snmp_errstring((int)s->answer->errstat));
	return ERR_OK;
}

/* False: no value (no such object, end of the table). */
static bool value_of(const netsnmp_variable_list *v, struct snmp_value *ret)
{
	*ret = (struct snmp_value){.text = ""};
	switch (v->type) {
	case ASN_OCTET_STR:
		ret->text = v->val.string ? (const char *)v->val.string : "";
		ret->text_n = MIN_OF(v->val_len, (size_t)SNMP_TEXT_MAX);
		return true;
	case ASN_INTEGER:
	case ASN_GAUGE:
	case ASN_COUNTER:
	case ASN_TIMETICKS:
		ret->number = v->val.integer ? (uint32_t)*v->val.integer : 0;
		return v->val.integer != NULL;
	}
	return false;
}

static size_t to_oid(const uint32_t *p, size_t n, oid ret[SNMP_OID_MAX])
{
	n = MIN_OF(n, (size_t)SNMP_OID_MAX);
	for (size_t i = 0; i < n; i++)
		ret[i] = p[i];
	return n;
}

enum err snmp_device_get(struct snmp_device *s, const uint32_t *name, size_t n,
			 struct snmp_value *ret, struct diag *reterr)
{
	oid o[SNMP_OID_MAX];
	netsnmp_pdu *q = snmp_pdu_create(SNMP_MSG_GET);
	if (!q)
		return ERR_NOMEM;
	snmp_add_null_var(q, o, to_oid(name, n, o));
	enum err e = ask(s, q, reterr);
	if (e)
		return e;
	return s->answer->variables && value_of(s->answer->variables, ret) ? ERR_OK : ERR_NOT_FOUND;
}

enum err snmp_device_column(struct snmp_device *s, const uint32_t *name, size_t n, size_t max,
			    bool (*pace)(void *ctx),
			    void (*fn)(void *ctx, uint32_t row, const struct snmp_value *v),
			    void *ctx, struct diag *reterr)
{
	oid root[SNMP_OID_MAX], at[SNMP_OID_MAX];
	size_t root_n = to_oid(name, n, root), at_n = root_n, rows = 0;
	memcpy(at, root, sizeof(at));
	for (;;) {
		netsnmp_pdu *q = pace(ctx) ? snmp_pdu_create(SNMP_MSG_GETBULK) : NULL;
		if (!q)
			return ERR_CANCELLED;
		q->non_repeaters = 0;
		q->max_repetitions = REPETITIONS;
		snmp_add_null_var(q, at, at_n);
		enum err e = ask(s, q, reterr);
		if (e)
			return e;
		const netsnmp_variable_list *v = s->answer->variables;
		if (!v)
			return ERR_OK;
		for (; v; v = v->next_variable) {
			struct snmp_value value;
			/* A device that does not go forward would be asked for ever. */
			if (v->name_length <= root_n || v->name_length > SNMP_OID_MAX ||
			    snmp_oid_ncompare(v->name, v->name_length, root, root_n, root_n) != 0 ||
			    snmp_oid_compare(v->name, v->name_length, at, at_n) <= 0 ||
			    !value_of(v, &value) || rows++ == max)
				return ERR_OK;
			fn(ctx, (uint32_t)v->name[v->name_length - 1], &value);
			memcpy(at, v->name, v->name_length * sizeof(at[0]));
			at_n = v->name_length;
		}
	}
}
