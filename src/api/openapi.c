/* SPDX-License-Identifier: Apache-2.0 */
/* The OpenAPI 3.1 description of the API, from routes.def, schemas.def and the table of fields.
 * Committed as docs/openapi.json; a test fails when that is not what this prints. */
#include "api/api.h"

#include "base/attr.h"
#include "model/account.h"
#include "model/field.h"
#include "query/query.h"

#include <string.h>

static const struct {
	const char *method, *path, *request, *response, *summary;
	bool streams;
} routes[] = {
#define ROUTE(method, path, handler, request, response, streams, summary)                          \
	{#method, path, request, response, summary, streams},
#include "api/routes.def"
#undef ROUTE
};

static const struct {
	const char *name, *json;
} schemas[] = {
#define SCHEMA(name, json) {#name, json},
#include "api/schemas.def"
#undef SCHEMA
};

/* Text of a table: single quotes become double ones. */
static void put_quoted(struct buf *out, const char *s)
{
	for (; *s; s++)
		buf_u8(out, *s == '\'' ? '"' : (uint8_t)*s);
}

static void reference(struct buf *out, const char *schema)
{
	buf_fmt(out, "{\"schema\":{\"$ref\":\"#/components/schemas/%s\"}}", schema);
}

static void response(struct buf *out, size_t i)
{
	bool text = strcmp(routes[i].response, "Text") == 0;
	if (!*routes[i].response) {
		buf_str(out, "\"204\":{\"description\":\"done\"}");
	} else {
		buf_fmt(out,
			"\"200\":{\"description\":\"%s\",\"content\":{\"%s\":", routes[i].summary,
			text ? "text/plain" : "application/json");
		reference(out, routes[i].response);
		if (routes[i].streams)
			buf_str(out,
				",\"text/csv\":{\"schema\":{\"type\":\"string\"}},\"application/"
				"x-ndjson\":"
				"{\"schema\":{\"type\":\"string\"}}");
		buf_str(out, "}}");
	}
	if (!text) {
		buf_str(out, ",\"default\":{\"description\":\"a problem (RFC 9457)\",\"content\":"
			     "{\"application/problem+json\":");
		reference(out, "Problem");
		buf_str(out, "}}");
	}
}

static void parameter(struct buf *out, const char *in, const char *name, bool required,
		      const char *doc)
{
	buf_str(out, out->p[out->n - 1] == '[' ? "" : ",");
	buf_fmt(out,
		"{\"in\":\"%s\",\"name\":\"%s\",\"required\":%s,\"description\":\"%s\",\"schema\":{"
		"\"type\":\"string\"}}",
		in, name, required ? "true" : "false", doc);
}

static void operation(struct buf *out, size_t i)
{
	bool get = strcmp(routes[i].method, "GET") == 0;
	for (const char *p = routes[i].method; *p; p++)
		buf_u8(out, (uint8_t)(*p | 0x20));
	buf_fmt(out, "\":{\"summary\":\"%s\",\"parameters\":[", routes[i].summary);
	if (strchr(routes[i].path, '{'))
		parameter(out, "path", "id", true, "the X-Query-Id of the query");
	if (routes[i].streams) {
		parameter(out, "query", "format", false, "json, csv or ndjson; wins over Accept");
		parameter(out, "header", "X-Query-Id", false,
			  "8 to 64 letters, digits and -: a name to cancel it by");
	}
	/* The same question as that of the POST before it. */
	if (get && i && strcmp(routes[i].path, routes[i - 1].path) == 0)
		parameter(out, "query", "q", false, "the query object as JSON");
	buf_str(out, "],");
	if (*routes[i].request) {
		buf_str(out,
			"\"requestBody\":{\"required\":true,\"content\":{\"application/json\":");
		reference(out, routes[i].request);
		buf_str(out, "}},");
	}
	buf_str(out, "\"responses\":{");
	response(out, i);
	buf_str(out, "}}");
}

/* Routes of one path stand next to one another in the table. */
static void paths(struct buf *out)
{
	buf_str(out, "\"paths\":{");
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		bool same = i && strcmp(routes[i].path, routes[i - 1].path) == 0;
		if (same)
			buf_str(out, ",\n  \"");
		else
			buf_fmt(out, "%s\n \"%s\":{\"", i ? "}," : "", routes[i].path);
		operation(out, i);
	}
	buf_str(out, "}}");
}

static const char *json_type(enum ctype t)
{
	switch (t) {
	case CT_U8:
	case CT_U16:
	case CT_U32:
	case CT_U64:
		return "{\"type\":\"integer\"";
	case CT_MS:
		return "{\"type\":\"string\",\"format\":\"date-time\"";
	case CT_IP:
	case CT_MAC:
	case CT_STR:
		return "{\"type\":\"string\"";
	case CT_U32LIST:
		return "{\"type\":\"array\",\"items\":{\"type\":\"integer\"}";
	case CT_MAX:
		break;
	}
	return "{";
}

static void flow_schema(struct buf *out)
{
	buf_str(out, ",\n \"Flow\":{\"type\":\"object\",\"description\":\"fields that the record "
		     "does not carry are left "
		     "out\",\"properties\":{");
	for (int f = 0; f < FIELD_MAX; f++) {
		buf_fmt(out, "%s\n  \"%s\":%s,\"description\":", f ? "," : "", field_table[f].name,
			json_type(field_table[f].ctype));
		buf_json_str(out, field_table[f].doc, strlen(field_table[f].doc));
		buf_u8(out, '}');
	}
	buf_str(out, "}}");
}

static void account_schema(struct buf *out)
{
	buf_str(out, ",\n \"Account\":{\"type\":\"object\",\"properties\":{");
	for (int i = 0; i < ACCOUNT_MAX; i++) {
		buf_fmt(out, "%s\n  \"%s\":{\"type\":\"integer\",\"description\":", i ? "," : "",
			account_table[i].name);
		buf_json_str(out, account_table[i].doc, strlen(account_table[i].doc));
		buf_u8(out, '}');
	}
	buf_str(out, "}}");
}

static void name_schemas(struct buf *out)
{
	const char *comma = "";
	buf_str(out, ",\n \"FieldName\":{\"enum\":[");
	for (int f = 0; f < FIELD_MAX; f++)
		buf_fmt(out, "%s\"%s\"", f ? "," : "", field_table[f].name);
	buf_str(out, "]},\n \"GroupName\":{\"enum\":[");
	for (unsigned k = 0; k < KEY_MAX; k++) {
		if (!key_is_pseudo(k) && !field_groupable((enum field)k))
			continue;
		buf_fmt(out, "%s\"%s\"", comma, key_name(k));
		comma = ",";
	}
	buf_str(out, "]}");
}

void api_openapi(struct buf *out)
{
	buf_fmt(out,
		"{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Weir\",\"version\":\"%s\","
		"\"license\":{\"name\":"
		"\"Apache-2.0\",\"identifier\":\"Apache-2.0\"}},\n",
		WEIR_VERSION);
	paths(out);
	buf_str(out, ",\n\"components\":{\"schemas\":{");
	for (size_t i = 0; i < ARRAY_LEN(schemas); i++) {
		buf_fmt(out, "%s\n \"%s\":", i ? "," : "", schemas[i].name);
		put_quoted(out, schemas[i].json);
	}
	flow_schema(out);
	account_schema(out);
	name_schemas(out);
	buf_str(out, "}}}\n");
}
