/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_schema.h - every key of the configuration file, and what it takes
 *
 * One table for libcyaml, which loads by it, and for config_match, which finds
 * what is wrong by it and where.  A key of type CYAML_IGNORE is one that
 * libcyaml cannot load: its keys are the operator's own, or it may be a text
 * as well as a list.  config_fill reads those from the tree.
 */
#ifndef WEIR_CONTROL_CONFIG_SCHEMA_H
#define WEIR_CONTROL_CONFIG_SCHEMA_H

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stdint.h>

/* members: a list of texts and their number */
#define WEIR_CONFIG_TEXTS(name)                                                \
	char **name;                                                           \
	uint32_t n_##name

/** struct weir_config_dns - `dns`; a pointer that is NULL was not said */
struct weir_config_dns {
	WEIR_CONFIG_TEXTS(servers);
	WEIR_CONFIG_TEXTS(search);
	WEIR_CONFIG_TEXTS(private_names);
	bool *rebind_protection;
	uint32_t *timeout_ms, *cache_entries;
};

/** struct weir_config_ca - `tls.ca` */
struct weir_config_ca {
	char *cert, *key;
};

/** enum weir_config_reflection - what becomes of a coding not looked into */
enum weir_config_reflection {
	WEIR_CONFIG_REFLECTION_PASS,
	WEIR_CONFIG_REFLECTION_STRICT,
};

/** struct weir_config_tls - `tls` */
struct weir_config_tls {
	WEIR_CONFIG_TEXTS(intercept);
	WEIR_CONFIG_TEXTS(bypass);
	WEIR_CONFIG_TEXTS(upstream_ca);
	WEIR_CONFIG_TEXTS(insecure);
	struct weir_config_ca *ca;
	enum weir_config_reflection *reflection;
};

/** struct weir_config_http - an entry of `http` */
struct weir_config_http {
	char *host;
	WEIR_CONFIG_TEXTS(allow);
	WEIR_CONFIG_TEXTS(deny);
};

/**
 * struct weir_config_secret - an entry of `secrets`
 * @in, @on_leak: indices of weir_config_schema_in and ..._on_leak
 */
struct weir_config_secret {
	char *name, *from, *placeholder;
	WEIR_CONFIG_TEXTS(hosts);
	WEIR_CONFIG_TEXTS(passthrough);
	uint32_t *in, n_in;
	uint32_t *on_leak;
	bool *plain_http;
	uint32_t *ttl;
};

/** struct weir_config_limits - `limits` */
struct weir_config_limits {
	uint32_t *flows, *flows_per_second, *idle_s, *udp_conversations;
	uint64_t *payload_bytes;
	char *up, *down;
};

/** struct weir_config_interface - `interface` */
struct weir_config_interface {
	uint32_t *mtu;
	char *ipv4, *gateway, *ipv6, *mac;
};

/** struct weir_config_log - `log`; @events: bits 1 << enum weir_event_kind */
struct weir_config_log {
	char *file;
	uint32_t *events;
};

/** enum weir_config_on_deny - what the guest hears of a denial */
enum weir_config_on_deny {
	WEIR_CONFIG_ON_DENY_REFUSE,
	WEIR_CONFIG_ON_DENY_DROP,
};

/** enum weir_config_quic - UDP to 443 by name */
enum weir_config_quic {
	WEIR_CONFIG_QUIC_REFUSE,
	WEIR_CONFIG_QUIC_PIN,
};

/** struct weir_config_raw - the file, as libcyaml loads it */
struct weir_config_raw {
	WEIR_CONFIG_TEXTS(rules);
	WEIR_CONFIG_TEXTS(bounds);
	enum weir_config_on_deny *on_deny;
	enum weir_config_quic *quic;
	struct weir_config_dns *dns;
	struct weir_config_tls *tls;
	struct weir_config_http *http;
	uint32_t n_http;
	struct weir_config_secret *secrets;
	uint32_t n_secrets;
	struct weir_config_limits *limits;
	struct weir_config_interface *interface;
	struct weir_config_log *log;
	char *metrics, *capture, *control;
};

/* the whole file */
extern const cyaml_schema_value_t weir_config_schema;

/* an entry of `publish` that is a mapping: matched, never loaded */
extern const cyaml_schema_value_t weir_config_schema_port;

/* a list of texts, none of them empty: the same */
extern const cyaml_schema_value_t weir_config_schema_list;

/* the words of secrets[].in and secrets[].on_leak */
extern const cyaml_strval_t weir_config_schema_in[6];
extern const cyaml_strval_t weir_config_schema_on_leak[3];

#endif /* WEIR_CONTROL_CONFIG_SCHEMA_H */
