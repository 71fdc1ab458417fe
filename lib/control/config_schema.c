/* SPDX-License-Identifier: Apache-2.0 */
/* config_schema.c - every key of the configuration file, and what it takes */
#include "control/config_schema.h"

#include <assert.h>
#include <stddef.h>

#include "base/limits.h"
#include "record/event.h"

#define SECRETS_MAX 1024u

static_assert(sizeof(enum weir_config_quic) == sizeof(uint32_t) &&
		      WEIR_EVENT_KINDS <= 32,
	      "an enum is loaded as 32 bits, and each event is one of them");

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* everything may be left out but what is NEEDED */
#define TEXT(of, name)                                                         \
	CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_OPTIONAL, of, name, 1,        \
			       CYAML_UNLIMITED)
#define NEEDED_TEXT(of, name)                                                  \
	CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_DEFAULT, of, name, 1,         \
			       CYAML_UNLIMITED)
#define NUMBER(of, name)                                                       \
	CYAML_FIELD_UINT_PTR(#name, CYAML_FLAG_OPTIONAL, of, name)
#define YES_NO(of, name)                                                       \
	CYAML_FIELD_BOOL_PTR(#name, CYAML_FLAG_OPTIONAL, of, name)
#define WORD(of, name, words)                                                  \
	CYAML_FIELD_ENUM_PTR(#name, CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT,   \
			     of, name, words, LEN(words))
#define SOME(of, name, flags, entry, min, max)                                 \
	CYAML_FIELD_SEQUENCE_COUNT(#name, CYAML_FLAG_POINTER | (flags), of,    \
				   name, n_##name, entry, min, max)
#define TEXTS(of, name)                                                        \
	SOME(of, name, CYAML_FLAG_OPTIONAL, &text, 0, CYAML_UNLIMITED)
#define MAPPING(of, name, fields)                                              \
	CYAML_FIELD_MAPPING_PTR(#name, CYAML_FLAG_OPTIONAL, of, name, fields)
#define BY_HAND(name) CYAML_FIELD_IGNORE(#name, CYAML_FLAG_OPTIONAL)

static const cyaml_schema_value_t text = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, CYAML_UNLIMITED)
};

const cyaml_strval_t weir_config_schema_in[6] = {
	{ "header", 0 }, { "basic", 1 }, { "query", 2 },
	{ "path", 3 },   { "body", 4 },  { "websocket", 5 },
};

const cyaml_strval_t weir_config_schema_on_leak[3] = {
	{ "block", 0 },
	{ "report", 1 },
	{ "terminate", 2 },
};

static const cyaml_strval_t on_deny[] = {
	{ "refuse", WEIR_CONFIG_ON_DENY_REFUSE },
	{ "drop", WEIR_CONFIG_ON_DENY_DROP },
};

static const cyaml_strval_t quic[] = {
	{ "refuse", WEIR_CONFIG_QUIC_REFUSE },
	{ "pin", WEIR_CONFIG_QUIC_PIN },
};

static const cyaml_strval_t reflection[] = {
	{ "pass", WEIR_CONFIG_REFLECTION_PASS },
	{ "strict", WEIR_CONFIG_REFLECTION_STRICT },
};

#define EVENT(name, word) { word, (int64_t)1 << WEIR_EVENT_##name },
static const cyaml_strval_t events[] = { WEIR_EVENTS(EVENT) };

static const cyaml_schema_field_t dns[] = {
	TEXTS(struct weir_config_dns, servers),
	TEXTS(struct weir_config_dns, search),
	BY_HAND(hosts),
	YES_NO(struct weir_config_dns, rebind_protection),
	TEXTS(struct weir_config_dns, private_names),
	NUMBER(struct weir_config_dns, timeout_ms),
	NUMBER(struct weir_config_dns, cache_entries),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t ca[] = {
	NEEDED_TEXT(struct weir_config_ca, cert),
	NEEDED_TEXT(struct weir_config_ca, key),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t tls[] = {
	TEXTS(struct weir_config_tls, intercept),
	TEXTS(struct weir_config_tls, bypass),
	TEXTS(struct weir_config_tls, upstream_ca),
	TEXTS(struct weir_config_tls, insecure),
	MAPPING(struct weir_config_tls, ca, ca),
	WORD(struct weir_config_tls, reflection, reflection),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t http_fields[] = {
	NEEDED_TEXT(struct weir_config_http, host),
	TEXTS(struct weir_config_http, allow),
	TEXTS(struct weir_config_http, deny),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t http = { CYAML_VALUE_MAPPING(
	CYAML_FLAG_DEFAULT, struct weir_config_http, http_fields) };

static const cyaml_schema_value_t place = {
	CYAML_VALUE_ENUM(CYAML_FLAG_STRICT, uint32_t, weir_config_schema_in,
			 LEN(weir_config_schema_in))
};

static const cyaml_schema_field_t secret_fields[] = {
	NEEDED_TEXT(struct weir_config_secret, name),
	SOME(struct weir_config_secret, hosts, CYAML_FLAG_DEFAULT, &text, 1,
	     CYAML_UNLIMITED),
	TEXT(struct weir_config_secret, from),
	TEXT(struct weir_config_secret, placeholder),
	SOME(struct weir_config_secret, in, CYAML_FLAG_OPTIONAL, &place, 1, 64),
	WORD(struct weir_config_secret, on_leak, weir_config_schema_on_leak),
	TEXTS(struct weir_config_secret, passthrough),
	YES_NO(struct weir_config_secret, plain_http),
	NUMBER(struct weir_config_secret, ttl),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t secret = { CYAML_VALUE_MAPPING(
	CYAML_FLAG_DEFAULT, struct weir_config_secret, secret_fields) };

static const cyaml_schema_field_t limits[] = {
	NUMBER(struct weir_config_limits, flows),
	NUMBER(struct weir_config_limits, flows_per_second),
	TEXT(struct weir_config_limits, up),
	TEXT(struct weir_config_limits, down),
	NUMBER(struct weir_config_limits, payload_bytes),
	NUMBER(struct weir_config_limits, idle_s),
	NUMBER(struct weir_config_limits, udp_conversations),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t interface[] = {
	NUMBER(struct weir_config_interface, mtu),
	TEXT(struct weir_config_interface, ipv4),
	TEXT(struct weir_config_interface, gateway),
	TEXT(struct weir_config_interface, ipv6),
	TEXT(struct weir_config_interface, mac),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t log_fields[] = {
	TEXT(struct weir_config_log, file),
	CYAML_FIELD_FLAGS_PTR("events", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT,
			      struct weir_config_log, events, events,
			      LEN(events)),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t raw[] = {
	BY_HAND(net),
	SOME(struct weir_config_raw, rules, CYAML_FLAG_OPTIONAL, &text, 0,
	     WEIR_RULES_MAX),
	SOME(struct weir_config_raw, bounds, CYAML_FLAG_OPTIONAL, &text, 0,
	     WEIR_RULES_MAX),
	BY_HAND(groups),
	WORD(struct weir_config_raw, on_deny, on_deny),
	WORD(struct weir_config_raw, quic, quic),
	MAPPING(struct weir_config_raw, dns, dns),
	MAPPING(struct weir_config_raw, tls, tls),
	SOME(struct weir_config_raw, http, CYAML_FLAG_OPTIONAL, &http, 0,
	     CYAML_UNLIMITED),
	SOME(struct weir_config_raw, secrets, CYAML_FLAG_OPTIONAL, &secret, 0,
	     SECRETS_MAX),
	BY_HAND(publish),
	MAPPING(struct weir_config_raw, limits, limits),
	MAPPING(struct weir_config_raw, interface, interface),
	MAPPING(struct weir_config_raw, log, log_fields),
	TEXT(struct weir_config_raw, metrics),
	TEXT(struct weir_config_raw, capture),
	TEXT(struct weir_config_raw, control),
	CYAML_FIELD_END,
};

const cyaml_schema_value_t weir_config_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct weir_config_raw, raw)
};

/** struct port - only the shape of an entry of `publish` */
struct port {
	char *port;
	bool *preserve_source;
};

static const cyaml_schema_field_t port[] = {
	NEEDED_TEXT(struct port, port),
	YES_NO(struct port, preserve_source),
	CYAML_FIELD_END,
};

const cyaml_schema_value_t weir_config_schema_port = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct port, port)
};

const cyaml_schema_value_t weir_config_schema_list = { CYAML_VALUE_SEQUENCE(
	CYAML_FLAG_POINTER, char *, &text, 0, CYAML_UNLIMITED) };
