/* SPDX-License-Identifier: Apache-2.0 */
#include "control/config.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../t.h"
#include "configdump.h"

#define DATA "tests/data/config"

/** struct read - a file as it was understood */
struct read {
	struct weir_orders o;
	struct weir_settings s;
	char why[WEIR_CONFIG_WHY_BYTES];
	bool ok;
};

static struct read *begin(void)
{
	struct read *r = calloc(1, sizeof(*r));

	CHECK(r);
	weir_settings_init(&r->s);
	r->o.settings = &r->s;
	return r;
}

static void end(struct read *r)
{
	weir_settings_fini(&r->s);
	free(r);
}

/* the copy has the exact size, so that ASan sees a read past its edge */
static struct read *parse_bytes(const void *bytes, size_t len, const char *name)
{
	struct read *r = begin();
	uint8_t *exact = malloc(len ? len : 1);

	CHECK(exact);
	if (len)
		memcpy(exact, bytes, len);
	r->ok = weir_config_parse(exact, len, name, &r->o, &r->s, r->why);
	CHECK_EQ(r->ok, r->why[0] == 0); /* a refusal has its sentence */
	free(exact);
	return r;
}

static struct read *parse(const char *text)
{
	return parse_bytes(text, strlen(text), "f");
}

/* all of a file, terminated; NULL if it is not there */
static char *slurp(const char *dir, const char *name, size_t *ret_len)
{
	char path[512], *text = NULL;
	FILE *f;
	long n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (!f)
		return NULL;
	fseek(f, 0, SEEK_END);
	n = ftell(f);
	rewind(f);
	text = calloc(1, (size_t)n + 1);
	CHECK(text && fread(text, 1, (size_t)n, f) == (size_t)n);
	fclose(f);
	if (ret_len)
		*ret_len = (size_t)n;
	return text;
}

/* what was understood, or the sentence */
static char *dump(const struct read *r)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	CHECK(f);
	if (r->ok)
		config_dump(f, &r->o, &r->s);
	else
		fprintf(f, "%s\n", r->why);
	fclose(f);
	return text;
}

static void compare(const char *name, size_t stem)
{
	char ok[300], err[300], *in, *want_ok, *want_err, *got;
	struct read *r;
	size_t len;

	snprintf(ok, sizeof(ok), "%.*s.ok", (int)stem, name);
	snprintf(err, sizeof(err), "%.*s.err", (int)stem, name);
	in = slurp(DATA, name, &len);
	want_ok = slurp(DATA, ok, NULL);
	want_err = slurp(DATA, err, NULL);
	if (!in || !want_ok == !want_err)
		fail_msg("%s needs either an .ok or an .err beside it", name);
	r = parse_bytes(in, len, name);
	got = dump(r);
	if (r->ok != !!want_ok ||
	    strcmp(got, want_ok ? want_ok : want_err) != 0)
		fail_msg("%s: got\n%s\nwanted\n%s", name, got,
			 want_ok ? want_ok : want_err);
	end(r);
	free(got);
	free(in);
	free(want_ok);
	free(want_err);
}

static void each_file_is_understood_or_refused_as_written(void **state)
{
	DIR *d = opendir(DATA);
	struct dirent *e;
	unsigned n = 0;

	(void)state;
	CHECK(d);
	while ((e = readdir(d))) {
		const char *dot = strrchr(e->d_name, '.');

		if (!dot || strcmp(dot, ".in") != 0)
			continue;
		compare(e->d_name, (size_t)(dot - e->d_name));
		n++;
	}
	closedir(d);
	CHECK(n > 40);
}

static void each_wrong_value_is_refused_with_its_sentence(void **state)
{
	char *rows = slurp(DATA, "wrong.rows", NULL), *rest = rows;
	unsigned n = 0;

	(void)state;
	CHECK(rows);
	while (rest && *rest) {
		char *line = strsep(&rest, "\n"), *in = strsep(&line, "\t");
		struct read *r = parse(in);

		CHECK(line);
		if (r->ok || strcmp(r->why, line) != 0)
			fail_msg("%s: got\n%s\nwanted\n%s", in,
				 r->ok ? "accepted" : r->why, line);
		end(r);
		n++;
	}
	free(rows);
	CHECK(n > 150);
}

/* every key, and which of the shapes below it takes */
static void a_value_of_another_type_is_refused_for_each_key(void **state)
{
	static const struct {
		const char *shape;
		unsigned bit;
	} shape[] = {
		{ "word", 1 },       { "\"5\"", 2 },   { "true", 4 },
		{ "[]", 8 },         { "[word]", 16 }, { "{}", 32 },
		{ "{x: y}", 64 },    { "~", 128 },     { "[[x]]", 256 },
		{ "[{x: y}]", 512 },
	};
	/* the bits are those of shapes that are not refused for their type */
	static const struct {
		const char *in;
		unsigned takes;
	} key[] = {
		{ "{rules: %s}", 8 | 16 },
		{ "{bounds: %s}", 8 | 16 },
		{ "{groups: %s}", 32 },
		{ "{groups: {a: %s}}", 8 | 16 },
		{ "{net: %s}", 0 },
		{ "{on_deny: %s}", 0 },
		{ "{quic: %s}", 0 },
		{ "{dns: %s}", 32 },
		{ "{dns: {servers: %s}}", 8 },
		{ "{dns: {search: %s}}", 8 | 16 },
		{ "{dns: {hosts: %s}}", 8 | 32 },
		{ "{dns: {rebind_protection: %s}}", 4 },
		{ "{dns: {private_names: %s}}", 8 | 16 },
		{ "{dns: {timeout_ms: %s}}", 0 },
		{ "{dns: {cache_entries: %s}}", 0 },
		{ "{tls: %s}", 32 },
		{ "{tls: {insecure: %s}}", 8 | 16 },
		{ "{tls: {ca: %s}}", 0 },
		{ "{tls: {ca: {cert: %s, key: k}}}", 1 | 2 | 4 },
		{ "{tls: {ca: {cert: c, key: %s}}}", 1 | 2 | 4 },
		{ "{tls: {reflection: %s}}", 0 },
		{ "{http: %s}", 8 },
		{ "{http: [{host: %s}]}", 1 | 2 | 4 },
		{ "{http: [{host: a, allow: %s}]}", 8 | 16 },
		{ "{http: [{host: a, deny: %s}]}", 8 | 16 },
		{ "{secrets: %s}", 8 },
		{ "{secrets: [{hosts: [a], name: %s}]}", 1 | 4 },
		{ "{secrets: [{name: A, hosts: %s}]}", 16 },
		{ "{secrets: [{name: A, hosts: [a], from: %s}]}", 0 },
		{ "{secrets: [{name: A, hosts: [a], placeholder: %s}]}", 0 },
		{ "{secrets: [{name: A, hosts: [a], in: %s}]}", 0 },
		{ "{secrets: [{name: A, hosts: [a], on_leak: %s}]}", 0 },
		{ "{secrets: [{name: A, hosts: [a], passthrough: %s}]}",
		  8 | 16 },
		{ "{secrets: [{name: A, hosts: [a], plain_http: %s}]}", 4 },
		{ "{secrets: [{name: A, hosts: [a], ttl: %s}]}", 0 },
		{ "{publish: %s}", 8 },
		{ "{publish: [%s]}", 2 },
		{ "{publish: [{port: %s}]}", 2 },
		{ "{publish: [{port: 1, preserve_source: %s}]}", 4 },
		{ "{limits: %s}", 32 },
		{ "{limits: {flows: %s}}", 0 },
		{ "{limits: {flows_per_second: %s}}", 0 },
		{ "{limits: {up: %s}}", 0 },
		{ "{limits: {down: %s}}", 0 },
		{ "{limits: {payload_bytes: %s}}", 0 },
		{ "{limits: {idle_s: %s}}", 0 },
		{ "{limits: {udp_conversations: %s}}", 0 },
		{ "{interface: %s}", 32 },
		{ "{interface: {mtu: %s}}", 0 },
		{ "{interface: {ipv4: %s}}", 0 },
		{ "{interface: {gateway: %s}}", 0 },
		{ "{interface: {ipv6: %s}}", 0 },
		{ "{interface: {mac: %s}}", 0 },
		{ "{log: %s}", 32 },
		{ "{log: {file: %s}}", 1 | 2 | 4 },
		{ "{log: {events: %s}}", 0 },
		{ "{metrics: %s}", 0 },
		{ "{capture: %s}", 1 | 2 | 4 },
		{ "{control: %s}", 1 | 2 | 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(key) / sizeof(key[0]); i++)
		for (size_t j = 0; j < sizeof(shape) / sizeof(shape[0]); j++) {
			const char *at = strstr(key[i].in, "%s");
			char text[200];
			struct read *r;

			snprintf(text, sizeof(text), "%.*s%s%s",
				 (int)(at - key[i].in), key[i].in,
				 shape[j].shape, at + 2);
			r = parse(text);
			if (r->ok != !!(key[i].takes & shape[j].bit))
				fail_msg("%s: %s", text,
					 r->ok ? "accepted" : r->why);
			if (!r->ok && strncmp(r->why, "f:1:", 4) != 0)
				fail_msg("%s: no place: %s", text, r->why);
			end(r);
		}
}

static void the_tables_of_the_contract_are_read(void **state)
{
	static const struct {
		const char *file, *before, *after;
		unsigned column, outcome; /* the columns that are looked at */
	} table[] = {
		{ "policy.tsv", "", "", 1, 3 },
		{ "secrets.tsv",
		  "{net: public, tls: {intercept: [443]}, secrets: ", "}", 1,
		  7 },
	};

	(void)state;
	for (size_t t = 0; t < sizeof(table) / sizeof(table[0]); t++) {
		char *rows = slurp("tests/cases", table[t].file, NULL);
		char *rest = rows;
		unsigned n = 0;

		CHECK(rows);
		(void)strsep(&rest, "\n");
		while (rest && *rest) {
			char *line = strsep(&rest, "\n"), *f[9] = { NULL };
			char text[8192];
			struct read *r;

			for (size_t i = 0; i < 9 && line; i++)
				f[i] = strsep(&line, "\t");
			snprintf(text, sizeof(text), "%s%s%s", table[t].before,
				 f[table[t].column], table[t].after);
			r = parse(text);
			/* an error may be found by those who read the rules */
			if (!r->ok && f[table[t].outcome] &&
			    strcmp(f[table[t].outcome], "error") != 0)
				fail_msg("%s: %s", f[0], r->why);
			end(r);
			n++;
		}
		free(rows);
		CHECK(n > 50);
	}
}

static void errors_of_the_contract_that_are_of_the_file(void **state)
{
	static const char *const in[] = {
		"{rulez: [\"allow public\"]}",
		"{net: public, net: none}",
		"{net: internet}",
		"{groups: [10.77.0.0/16]}",
		"{rules: [\"allow public\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
		struct read *r = parse(in[i]);

		if (r->ok)
			fail_msg("%s", in[i]);
		end(r);
	}
}

static void a_file_cut_anywhere_is_read_or_refused(void **state)
{
	size_t len;
	char *all = slurp(DATA, "everything.in", &len);
	char *json = slurp(DATA, "json.in", NULL);

	(void)state;
	CHECK(all && json);
	for (size_t i = 0; i <= len; i++)
		end(parse_bytes(all, i, "f"));
	for (size_t i = 2; i + 3 < strlen(json); i++) {
		struct read *r = parse_bytes(json, i, "f");

		if (r->ok)
			fail_msg("cut at %zu", i);
		end(r);
	}
	free(all);
	free(json);
}

static void each_byte_changed_is_read_or_refused(void **state)
{
	static const char other[] = { 0,    '"', ':',  '[',       '}',
				      '\n', '*', '\t', (char)0xff };
	size_t len;
	char *all = slurp(DATA, "everything.in", &len);

	(void)state;
	CHECK(all);
	for (size_t i = 0; i < len; i++) {
		char was = all[i];

		all[i] = other[i % sizeof(other)];
		end(parse_bytes(all, len, "f"));
		all[i] = was;
	}
	free(all);
}

/* ---- merging ---- */

static void what_the_command_line_says_stands_alone_wins(void **state)
{
	static const char in[] =
		"{net: none, quic: pin, limits: {flows: 5, up: 1mbit, down: "
		"2mbit}, interface: {mtu: 1500, ipv4: 10.99.7.15/24, gateway: "
		"10.99.7.1, ipv6: off, mac: '02:00:00:00:00:01'}, log: {file: "
		"a}, metrics: '1.1.1.1:1', capture: a, control: a}";
	struct read *r = begin();
	struct weir_orders *o = &r->o;

	(void)state;
	*o = (struct weir_orders){ .max_flows = 7,
				   .mtu = 9000,
				   .has_ipv4 = true,
				   .ipv4 = weir_addr_from4(0x0a000005),
				   .len4 = 8,
				   .has_gateway = true,
				   .gateway = weir_addr_from4(0x0a000001),
				   .six = WEIR_PLAN_IPV6_GIVEN,
				   .len6 = 48,
				   .has_mac = true,
				   .mac = { { 2 } },
				   .up = { .packets_per_s = 9 },
				   .settings = &r->s };
	r->s.has_net = r->s.has_quic = true;
	r->s.net = WEIR_SETTINGS_HOST;
	CHECK(weir_settings_set(&r->s.log, "b") &&
	      weir_settings_set(&r->s.metrics, "b") &&
	      weir_settings_set(&r->s.capture, "b") &&
	      weir_settings_set(&r->s.control, "b"));
	CHECK(weir_config_parse((const uint8_t *)in, strlen(in), "f", o, &r->s,
				r->why));
	CHECK(!r->s.quic_pin);
	CHECK_EQ(r->s.net, WEIR_SETTINGS_HOST);
	CHECK_EQ(o->max_flows, 7);
	CHECK_EQ(o->mtu, 9000);
	CHECK_EQ(o->len4, 8);
	CHECK_EQ(weir_addr_to4(&o->ipv4), 0x0a000005);
	CHECK_EQ(weir_addr_to4(&o->gateway), 0x0a000001);
	CHECK(o->six == WEIR_PLAN_IPV6_GIVEN && o->len6 == 48);
	CHECK_EQ(o->mac.b[5], 0);
	CHECK_EQ(o->up.bytes_per_s, 0);
	CHECK_EQ(o->down.bytes_per_s, 250000);
	CHECK(!o->place.ipv4 && !o->place.gateway && !o->place.ipv6);
	CHECK(strcmp(r->s.log, "b") == 0 && strcmp(r->s.metrics, "b") == 0);
	CHECK(strcmp(r->s.capture, "b") == 0 && strcmp(r->s.control, "b") == 0);
	end(r);
}

static void what_the_command_line_overrides_is_judged_all_the_same(void **state)
{
	static const char *const in[] = {
		"{net: internet}",        "{limits: {flows: 0}}",
		"{limits: {up: fast}}",   "{interface: {mtu: 1}}",
		"{interface: {ipv4: 1}}", "{interface: {gateway: 1}}",
		"{interface: {ipv6: 1}}", "{interface: {mac: 1}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
		struct read *r = begin();

		r->s.has_net = r->o.has_ipv4 = r->o.has_gateway = true;
		r->o.has_mac = true;
		r->o.six = WEIR_PLAN_IPV6_OFF;
		r->o.mtu = r->o.max_flows = 1000;
		r->o.up.bytes_per_s = 1;
		if (weir_config_parse((const uint8_t *)in[i], strlen(in[i]),
				      "f", &r->o, &r->s, r->why))
			fail_msg("%s", in[i]);
		end(r);
	}
}

static void lists_are_joined_and_rules_keep_theirs(void **state)
{
	static const char in[] =
		"{rules: [deny any], dns: {servers: [1.1.1.2], search: [b], "
		"hosts: [b=1.1.1.1], private_names: [b]}, publish: [81], tls: "
		"{intercept: [2], bypass: [b], insecure: [b], upstream_ca: "
		"[b]}, secrets: [{name: B, hosts: [b]}]}";
	struct read *r = begin();
	struct weir_orders *o = &r->o;
	struct weir_settings *s = &r->s;
	char where[32];

	(void)state;
	o->n_dns = o->n_search = o->n_hosts = o->n_publish = 1;
	o->search[0] = "a";
	o->publish[0].n = 1;
	CHECK(weir_settings_add(&s->line_rules, "allow any", "--allow"));
	CHECK(weir_settings_add(&s->intercept, "1", "--intercept"));
	CHECK(weir_settings_add(&s->bypass, "a", "--bypass"));
	CHECK(weir_settings_add(&s->insecure, "a", "--insecure"));
	CHECK(weir_settings_add(&s->upstream_ca, "a", "--upstream-ca"));
	CHECK(weir_settings_add_secret(s, "A", "--secret"));
	CHECK(weir_config_parse((const uint8_t *)in, strlen(in), "f", o, s,
				r->why));
	CHECK(s->line_rules.n == 1 && s->rules.n == 1);
	CHECK(o->n_dns == 2 && o->n_search == 2 && o->n_hosts == 2);
	CHECK(o->n_publish == 2 && o->publish[1].guest == 81);
	CHECK(strcmp(o->search[1], "b") == 0);
	CHECK(s->intercept.n == 2 && s->bypass.n == 2 && s->insecure.n == 2);
	CHECK(s->upstream_ca.n == 2 && s->n_secrets == 2);
	CHECK(strcmp(s->intercept.at[1].text, "2") == 0);
	snprintf(where, sizeof(where), "f:1:%d",
		 (int)(strstr(in, "bypass: [b") - in) + 10);
	CHECK(strcmp(s->bypass.at[1].where, where) == 0);
	end(r);
}

static void a_secret_of_both_is_refused(void **state)
{
	static const char in[] = "{secrets: [{name: A, hosts: [b]}]}";
	struct read *r = begin();

	(void)state;
	CHECK(weir_settings_add_secret(&r->s, "A", "--secret"));
	CHECK(!weir_config_parse((const uint8_t *)in, strlen(in), "f", &r->o,
				 &r->s, r->why));
	CHECK(strstr(r->why, "--secret"));
	end(r);
}

static void protection_against_rebinding_stays_off_if_said_so(void **state)
{
	static const char in[] = "{dns: {rebind_protection: true}}";
	struct read *r = begin();

	(void)state;
	r->s.no_rebind = true;
	CHECK(weir_config_parse((const uint8_t *)in, strlen(in), "f", &r->o,
				&r->s, r->why));
	CHECK(r->s.no_rebind);
	end(r);
}

/* ---- files ---- */

/** struct place - a folder of its own */
struct place {
	char dir[64], path[128];
};

static void make(struct place *p, const char *text)
{
	FILE *f;

	strcpy(p->dir, "/tmp/weir-config-XXXXXX");
	CHECK(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/weir.yaml", p->dir);
	f = fopen(p->path, "w");
	CHECK(f && fputs(text, f) >= 0);
	CHECK_EQ(fclose(f), 0);
}

static void drop(struct place *p)
{
	unlink(p->path);
	rmdir(p->dir);
}

static struct read *load(const char *path)
{
	struct read *r = begin();

	r->ok = weir_config_load(path, &r->o, &r->s, r->why);
	CHECK_EQ(r->ok, r->why[0] == 0);
	return r;
}

static void a_file_gives_its_path_and_folder(void **state)
{
	struct place p;
	struct read *r;
	char where[200];

	(void)state;
	make(&p, "rules:\n- allow any\n");
	r = load(p.path);
	CHECK(r->ok);
	CHECK(strcmp(r->s.config, p.path) == 0);
	CHECK(strcmp(r->s.dir, p.dir) == 0);
	snprintf(where, sizeof(where), "%s:2:3", p.path);
	CHECK(strcmp(r->s.rules.at[0].where, where) == 0);
	end(r);
	CHECK_EQ(chdir(p.dir), 0);
	r = load("weir.yaml");
	CHECK(r->ok && strcmp(r->s.dir, ".") == 0);
	end(r);
	CHECK_EQ(chdir("/"), 0);
	r = load("tmp");
	CHECK(!r->ok && strcmp(r->s.dir, ".") == 0);
	end(r);
	r = load("/tmp");
	CHECK(!r->ok && strcmp(r->s.dir, "/") == 0);
	end(r);
	drop(&p);
}

static void what_cannot_be_read_says_why(void **state)
{
	struct read *r = load("/nowhere/weir.yaml");

	(void)state;
	CHECK(!r->ok);
	CHECK(strcmp(r->why, "/nowhere/weir.yaml: the configuration cannot be "
			     "read: No such file or directory") == 0);
	end(r);
	r = load("/tmp");
	CHECK(!r->ok && strstr(r->why, "Is a directory"));
	end(r);
}

static void a_hundred_megabytes_are_not_read(void **state)
{
	struct rlimit was, few;
	struct place p;
	struct read *r;

	(void)state;
	make(&p, "");
	CHECK_EQ(truncate(p.path, 100 << 20), 0);
	/* the memory for the file is not even there */
	CHECK_EQ(getrlimit(RLIMIT_DATA, &was), 0);
	few = was;
	few.rlim_cur = 64 << 20;
#ifndef __SANITIZE_THREAD__ /* which would not live with so little */
	CHECK_EQ(setrlimit(RLIMIT_DATA, &few), 0);
#endif
	r = load(p.path);
	CHECK_EQ(setrlimit(RLIMIT_DATA, &was), 0);
	CHECK(!r->ok);
	CHECK(strstr(r->why, "weir.yaml: a configuration has at most 16 MiB"));
	end(r);
	r = load("/dev/zero"); /* this one has no end */
	CHECK(!r->ok && strstr(r->why, "at most 16 MiB"));
	end(r);
	drop(&p);
}

static char *repeat(const char *before, const char *what, size_t bytes,
		    const char *after)
{
	size_t n = strlen(what), at = strlen(before);
	char *text = malloc(at + bytes + n + strlen(after) + 1);

	CHECK(text);
	strcpy(text, before);
	for (; at < bytes; at += n)
		memcpy(text + at, what, n);
	strcpy(text + at, after);
	return text;
}

static void sixteen_megabytes_of_anything_end_soon(void **state)
{
	static const struct {
		const char *before, *what, *after, *why;
	} row[] = {
		{ "rules:\n", "- a\n", "", "more than 1048576 values" },
		{ "", "- ", "", "deep" },
		{ "", "[", "", "deep" },
		{ "", "{", "", "a key is a word" },
		{ "", "? ", "", "a key is a word" },
		{ "", "a: ", "", "no YAML" },
		{ "", "%TAG !a! b\n", "", "directive" },
		{ "", "# x\n", "x", "mapping" },
		{ "net: ", "x", "", "net xxx" },
		{ "net: '", "''", "'", "net '''" },
		{ "", "\n", "x", "mapping" },
		{ "", " ", "x", "mapping" },
		{ "", "&a ", "", "no YAML" },
		{ "", "*a ", "", "aliases" },
		{ "", "--- \n", "", "second document" },
		{ "rules: [", "'x',", "", "more than 1048576 values" },
		{ "rules: [", "[],", "", "more than 1048576 values" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char *text = repeat(row[i].before, row[i].what, 16000000,
				    row[i].after);
		struct read *r = parse(text);

		if (r->ok || !strstr(r->why, row[i].why))
			fail_msg("%s...: %s", row[i].what,
				 r->ok ? "accepted" : r->why);
		CHECK(strlen(r->why) < 400); /* not the file again */
		end(r);
		free(text);
	}
}

static void a_long_good_file_is_read(void **state)
{
	char *text =
		repeat("rules:\n", "- allow tcp 10.0.0.0/8:443\n", 1700000, "");
	struct read *r = parse(text);

	(void)state;
	CHECK(r->ok);
	CHECK(r->s.rules.n > 60000);
	end(r);
	free(text);
	/* as many keys as there may be values, each once */
	text = malloc(16u << 20);
	CHECK(text);
	strcpy(text, "groups:\n");
	for (size_t at = 8, i = 0; i < 300000; i++)
		at += (size_t)sprintf(text + at, " g%06zu: [%06zu.example]\n",
				      i * 7919 % 300000, i);
	r = parse(text);
	CHECK(r->ok);
	CHECK_EQ(r->s.n_groups, 300000);
	end(r);
	free(text);
}

static void a_rule_too_many_is_refused(void **state)
{
	char *text = repeat("rules:\n", "- any\n", 65537 * 6 + 7, "");
	struct read *r = parse(text);

	(void)state;
	CHECK(!r->ok && strstr(r->why, "rules: at most 65536 of them"));
	end(r);
	free(text);
}

static void a_long_name_of_a_file_leaves_room_for_the_sentence(void **state)
{
	char name[4000];
	struct read *r;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = 0;
	r = parse_bytes("{net: internet, rules: [x]}", 27, name);
	CHECK(!r->ok && strncmp(r->why, "...nnn", 6) == 0);
	CHECK(strstr(r->why, "n:1:7: net internet: it is made of"));
	end(r);
	r = parse_bytes("{rules: [x]}", 12, name);
	CHECK(r->ok && strlen(r->s.rules.at[0].where) < 200);
	end(r);
}

static void the_guests_secrets_are_not_in_a_sentence(void **state)
{
	static const char *const in[] = {
		"{secrets: [{name: A, hosts: [a], from: sk-live-1}]}",
		"{secrets: [{name: A, hosts: [a], from: 'env:sk-live-1'}]}",
		"{secrets: [{name: A, hosts: [a], value: sk-live-1}]}",
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct read *r = parse(in[i]);

		if (r->ok || strstr(r->why, "sk-live"))
			fail_msg("%s: %s", in[i], r->why);
		end(r);
	}
}

static void what_is_not_there_yet_is_noted_with_its_place(void **state)
{
	static const struct {
		const char *in, *why;
	} row[] = {
		{ "{tls: {reflection: pass}}", "reflected secrets" },
		{ "{secrets: [{name: A, hosts: [a]}]}", "swapping secrets in" },
		{ "{metrics: '[::1]:90'}", "metrics" },
		{ "{capture: a}", "capturing" },
		{ "{control: a}", "the control socket" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct read *r = parse(row[i].in);
		char why[300] = "";

		if (!r->ok)
			fail_msg("%s: %s", row[i].in, r->why);
		if (weir_settings_is_ready(&r->s, why, sizeof(why)) ||
		    !strstr(why, row[i].why) ||
		    !strstr(why, "not there yet in this version") ||
		    strncmp(why, "f:1:", 4) != 0)
			fail_msg("%s: %s", row[i].in, why);
		end(r);
	}
}

T_MAIN(T(each_file_is_understood_or_refused_as_written),
       T(each_wrong_value_is_refused_with_its_sentence),
       T(a_value_of_another_type_is_refused_for_each_key),
       T(the_tables_of_the_contract_are_read),
       T(errors_of_the_contract_that_are_of_the_file),
       T(a_file_cut_anywhere_is_read_or_refused),
       T(each_byte_changed_is_read_or_refused),
       T(what_the_command_line_says_stands_alone_wins),
       T(what_the_command_line_overrides_is_judged_all_the_same),
       T(lists_are_joined_and_rules_keep_theirs),
       T(a_secret_of_both_is_refused),
       T(protection_against_rebinding_stays_off_if_said_so),
       T(sixteen_megabytes_of_anything_end_soon), T(a_long_good_file_is_read),
       T(a_rule_too_many_is_refused),
       T(a_long_name_of_a_file_leaves_room_for_the_sentence),
       T(the_guests_secrets_are_not_in_a_sentence),
       T(what_is_not_there_yet_is_noted_with_its_place),
       T(what_cannot_be_read_says_why), T(a_hundred_megabytes_are_not_read),
       T(a_file_gives_its_path_and_folder))
