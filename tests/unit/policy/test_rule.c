/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/rule.h"

#include "../t.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define UE       "\xc3\xbc" /* u with two dots */
#define TEXT_MAX 8192u

/* --- a small world -------------------------------------------------------- */

static const struct {
	const char *text, *ascii;
} letters[] = {
	{ "b" UE "cher.example", "xn--bcher-kva.example" },
	{ "b" UE "cher", "xn--bcher-kva" },
	{ "B" UE "cher.Example.", "xn--bcher-kva.example." },
	{ "\xef\xbc\x91\xef\xbc\x90.0.0.1", "10.0.0.1" }, /* full width */
	{ "a\xe3\x80\x82.example", "a..example" },
	{ "a\xef\xbc\x8f.example", "a/.example" },
	{ "a\xef\xbc\x91.\xef\xbc\x91", "a1.1" },
	{ "\xef\xbd\x83om", "com" },
};

static bool to_ascii(void *ctx, const char *text, size_t len,
		     char ret[WEIR_PATTERN_TEXT_BYTES])
{
	(void)ctx;
	for (size_t i = 0; i < COUNT(letters); i++) {
		if (strlen(letters[i].text) != len ||
		    memcmp(letters[i].text, text, len) != 0)
			continue;
		snprintf(ret, WEIR_PATTERN_TEXT_BYTES, "%s", letters[i].ascii);
		return true;
	}
	return false;
}

static bool is_suffix(void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "co.uk") == 0 ||
	       strcmp(name, "s3.eu-1.cloud.example") == 0 ||
	       strcmp(name, "xn--bcher-kva.example") == 0;
}

static const char *const groups[] = {
	"corp", "lab-1", "build_farm", "a-group-of-a-very-long-name-for-a-group"
};

static bool is_group(void *ctx, const char *word, size_t len)
{
	(void)ctx;
	for (size_t i = 0; i < COUNT(groups); i++)
		if (strlen(groups[i]) == len &&
		    memcmp(groups[i], word, len) == 0)
			return true;
	return false;
}

static const struct weir_rule_world world = { .to_ascii = to_ascii,
					      .is_suffix = is_suffix,
					      .is_group = is_group,
					      .group = groups,
					      .n_groups = COUNT(groups) };

static struct weir_rule rule, again; /* large */

/* --- the meaning, as text ------------------------------------------------- */

static void add_ports(struct weir_text *t, const struct weir_rule_target *g)
{
	for (size_t i = 0; i < g->n_ports; i++) {
		weir_text_add_char(t, i ? ',' : ':');
		weir_text_add_u64(t, g->port[i].low);
		if (g->port[i].high == g->port[i].low)
			continue;
		weir_text_add_char(t, '-');
		weir_text_add_u64(t, g->port[i].high);
	}
}

static void add_host(struct weir_text *t, const struct weir_rule_target *g)
{
	switch (g->host) {
	case WEIR_RULE_HOST_ANY:
		weir_text_add(t, "any");
		break;
	case WEIR_RULE_HOST_DNS:
		weir_text_add(t, "dns");
		break;
	case WEIR_RULE_HOST_CLASS:
		weir_text_add(t, weir_class_name(g->class));
		break;
	case WEIR_RULE_HOST_FILE:
		weir_text_add(t, "file:");
		weir_text_add_bytes(t, g->text, g->text_len);
		break;
	case WEIR_RULE_HOST_GROUP:
		weir_text_add_bytes(t, g->text, g->text_len);
		break;
	case WEIR_RULE_HOST_PREFIX:
		weir_prefix_print(t, &g->prefix);
		break;
	case WEIR_RULE_HOST_NAME:
		weir_pattern_print(t, &g->name);
		break;
	}
}

/*
 * All that a rule means, itself a rule: the direction is always said, the
 * protocols only if some were.
 */
static void print(char b[TEXT_MAX], const struct weir_rule *r)
{
	struct weir_text t = weir_text_over(b, TEXT_MAX);
	const char *before = " ";

	weir_text_add(&t, r->allow ? "allow " : "deny ");
	weir_text_add(&t, r->in ? "in" : "out");
	if (!r->has_protocols)
		CHECK_EQ(r->protocols, WEIR_RULE_ANY);
	for (unsigned i = 0; i < 3 && r->has_protocols; i++) {
		if (!(r->protocols >> i & 1))
			continue;
		weir_text_add(&t, before);
		weir_text_add(&t, ((const char *const[]){ "tcp", "udp",
							  "icmp" })[i]);
		before = ",";
	}
	weir_text_add(&t, r->broad ? " broad" : "");
	weir_text_add(&t, r->unnamed ? " unnamed" : "");
	for (size_t i = 0; i < r->n_targets; i++) {
		if (i == 0 && !r->has_protocols && !r->broad && !r->unnamed &&
		    r->target[0].host == WEIR_RULE_HOST_ANY &&
		    !r->target[0].n_ports && r->n_targets > 1)
			weir_text_add(&t,
				      " any"); /* or it would be protocols */
		weir_text_add_char(&t, ' ');
		add_host(&t, &r->target[i]);
		add_ports(&t, &r->target[i]);
	}
	CHECK(weir_text_ok(&t));
}

static bool parse(const char *text, struct weir_rule *r,
		  struct weir_rule_error *e)
{
	return weir_rule_parse(text, strlen(text), &world, r, e);
}

static void must_parse(const char *text, struct weir_rule *r)
{
	struct weir_rule_error e;

	if (!parse(text, r, &e))
		fail_msg("%s: %zu: %s", text, e.at, e.why);
}

/* --- good rules ----------------------------------------------------------- */

static const struct {
	const char *text, *meaning;
} good[] = {
	{ "allow any", "allow out any" },
	{ "deny any", "deny out any" },
	{ "allow out any", "allow out any" },
	{ "allow in any", "allow in any" },
	{ "allow any any", "allow out any" },
	{ "allow any 9.9.9.9", "allow out 9.9.9.9" },
	{ "allow any any 9.9.9.9", "allow out any any 9.9.9.9" },
	{ "allow any any:443", "allow out any:443" },
	{ "allow any:443", "allow out any:443" },
	{ "allow any:443 9.9.9.9", "allow out any:443 9.9.9.9" },
	{ "allow 9.9.9.9 any", "allow out 9.9.9.9 any" },
	{ "allow tcp any", "allow out tcp any" },
	{ "allow tcp any 9.9.9.9", "allow out tcp any 9.9.9.9" },
	{ "allow tcp,udp any", "allow out tcp,udp any" },
	{ "allow udp,tcp any", "allow out tcp,udp any" },
	{ "allow icmp public", "allow out icmp public" },
	{ "allow tcp,udp,icmp public", "allow out tcp,udp,icmp public" },
	{ "allow tcp,any public", "allow out public" },
	{ "deny in icmp any", "deny in icmp any" },
	{ "deny in any any", "deny in any" },
	{ "allow in tcp 192.168.231.0/24:8080",
	  "allow in tcp 192.168.231.0/24:8080" },
	{ "deny in public:22", "deny in public:22" },
	{ "allow in corp:80 file:peers.txt host",
	  "allow in corp:80 file:peers.txt host" },
	{ "  allow\t tcp \t any:443\t", "allow out tcp any:443" },
	/* words */
	{ "allow tcp broad *.com:443", "allow out tcp broad *.com:443" },
	{ "allow broad .com", "allow out broad .com" },
	{ "allow any broad *.co.uk", "allow out broad *.co.uk" },
	{ "allow broad any", "allow out broad any" },
	{ "allow tcp broad any *.com", "allow out tcp broad any *.com" },
	{ "allow tcp unnamed example.com",
	  "allow out tcp unnamed example.com" },
	{ "allow unnamed broad *.com", "allow out broad unnamed *.com" },
	/* groups */
	{ "allow public private host metadata linklocal",
	  "allow out public private host metadata linklocal" },
	{ "deny multicast", "deny out multicast" },
	{ "deny in multicast:53", "deny in multicast:53" },
	{ "allow tcp corp:443", "allow out tcp corp:443" },
	{ "allow lab-1 build_farm", "allow out lab-1 build_farm" },
	{ "deny dns", "deny out dns" },
	{ "allow tcp dns", "allow out tcp dns" },
	/* addresses */
	{ "allow 0.0.0.0/0", "allow out 0.0.0.0/0" },
	{ "allow 10.0.0.0/8", "allow out 10.0.0.0/8" },
	{ "allow 192.0.2.1/32", "allow out 192.0.2.1" },
	{ "allow 255.255.255.255", "allow out 255.255.255.255" },
	{ "allow 127.0.0.1", "allow out 127.0.0.1" },
	{ "allow [2001:db8::1]", "allow out [2001:db8::1]" },
	{ "allow [2001:DB8:0::/32]:443", "allow out [2001:db8::/32]:443" },
	{ "allow [::/0]", "allow out [::/0]" },
	{ "allow [::1/128]:80,90", "allow out [::1]:80,90" },
	{ "allow [::ffff:1.2.3.4]", "allow out 1.2.3.4" },
	{ "allow [::ffff:10.0.0.0/104]:22", "allow out 10.0.0.0/8:22" },
	{ "allow [::ffff:0:0/96]", "allow out 0.0.0.0/0" },
	{ "allow [::fffe:0:0/95]", "allow out [::fffe:0:0/95]" },
	{ "allow [64:ff9b::/96]", "allow out [64:ff9b::/96]" },
	/* names */
	{ "allow tcp api.github.com:443", "allow out tcp api.github.com:443" },
	{ "allow tcp API.GitHub.com.:443", "allow out tcp api.github.com:443" },
	{ "allow *.example.com .example.org",
	  "allow out *.example.com .example.org" },
	{ "allow *.Example.COM.", "allow out *.example.com" },
	{ "allow _sip._tcp.example.com", "allow out _sip._tcp.example.com" },
	{ "allow co.uk", "allow out co.uk" },
	{ "allow *.example.co.uk", "allow out *.example.co.uk" },
	{ "allow .a.s3.eu-1.cloud.example",
	  "allow out .a.s3.eu-1.cloud.example" },
	{ "allow tcp name=build:8080", "allow out tcp name=build:8080" },
	{ "allow name=BUILD.", "allow out name=build" },
	{ "allow name=api.example.com", "allow out api.example.com" },
	{ "allow name=any name=corp", "allow out name=any name=corp" },
	{ "allow 1e100.net 0x7f.example", "allow out 1e100.net 0x7f.example" },
	{ "allow 1.0.0.127.in-addr.arpa", "allow out 1.0.0.127.in-addr.arpa" },
	{ "allow tcp b" UE "cher.example:443",
	  "allow out tcp xn--bcher-kva.example:443" },
	{ "allow tcp B" UE "cher.Example.:443",
	  "allow out tcp xn--bcher-kva.example:443" },
	{ "allow name=b" UE "cher", "allow out name=xn--bcher-kva" },
	{ "allow broad *.b" UE "cher.example",
	  "allow out broad *.xn--bcher-kva.example" },
	{ "allow tcp xn--bcher-kva.example",
	  "allow out tcp xn--bcher-kva.example" },
	/* ports */
	{ "allow any:1,65535", "allow out any:1,65535" },
	{ "allow any:1-65535", "allow out any:1-65535" },
	{ "allow any:443,80", "allow out any:80,443" },
	{ "allow any:80,80,80", "allow out any:80" },
	{ "allow any:80-90,85-100", "allow out any:80-100" },
	{ "allow any:80-90,91", "allow out any:80-91" },
	{ "allow any:91,80-90", "allow out any:80-91" },
	{ "allow any:80-90,92", "allow out any:80-90,92" },
	{ "allow any:1,3,5,7,9,2-8", "allow out any:1-9" },
	{ "allow any:5,3,1,4", "allow out any:1,3-5" },
	{ "allow any:65534,65535", "allow out any:65534-65535" },
	{ "allow any:22-22", "allow out any:22" },
	{ "allow public:22,8000-8010,65535",
	  "allow out public:22,8000-8010,65535" },
	{ "allow any:1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,"
	  "23,24,25,26,27,28,29,30,31,32,33,34,35",
	  "allow out any:1-35" },
	/* lists */
	{ "deny file:block.txt", "deny out file:block.txt" },
	{ "deny file:/etc/weir/block.txt",
	  "deny out file:/etc/weir/block.txt" },
	{ "allow tcp file:allow.txt:443", "allow out tcp file:allow.txt:443" },
	{ "allow file:a:b", "allow out file:a:b" },
	{ "allow file:a:b:80,443", "allow out file:a:b:80,443" },
	{ "allow file:a:80:443", "allow out file:a:80:443" },
	{ "allow file:C:\\hosts", "allow out file:C:\\hosts" },
	{ "allow file:443", "allow out file:443" },
	{ "allow file:user@host/[x]*", "allow out file:user@host/[x]*" },
};

static void a_good_rule_means_what_it_says(void **state)
{
	char b[TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		must_parse(good[i].text, &rule);
		print(b, &rule);
		assert_string_equal(b, good[i].meaning);
	}
}

static void what_is_printed_is_read_as_the_same(void **state)
{
	char one[TEXT_MAX], two[TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		must_parse(good[i].text, &rule);
		print(one, &rule);
		must_parse(one, &again);
		print(two, &again);
		assert_string_equal(one, two);
		CHECK(weir_rule_covers(&rule, &again));
		CHECK(weir_rule_covers(&again, &rule));
	}
}

static void a_target_knows_its_place(void **state)
{
	static const char text[] = " deny tcp  corp:80\tfile:x.txt:443 any";
	static const size_t at[] = { 11, 19, 34 };

	(void)state;
	must_parse(text, &rule);
	CHECK_EQ(rule.n_targets, 3);
	for (size_t i = 0; i < 3; i++)
		CHECK_EQ(rule.target[i].at, at[i]);
	CHECK(rule.target[0].text == text + 11);
	CHECK_EQ(rule.target[0].text_len, 4);
	CHECK(rule.target[1].text == text + 24);
	CHECK_EQ(rule.target[1].text_len, 5);
}

/* --- bad rules ------------------------------------------------------------ */

static const struct {
	const char *text;
	size_t at;
	const char *piece; /* of the sentence */
} bad[] = {
	/* action */
	{ "", 0, "the rule is empty: it begins with `allow` or `deny`" },
	{ "  \t ", 4, "the rule is empty" },
	{ "permit tcp any:443", 0,
	  "`permit` is no action: did you mean "
	  "`allow`? (A rule begins with `allow` or" },
	{ "block any", 0, "did you mean `deny`?" },
	{ " alow any", 1, "did you mean `allow`?" },
	{ "Allow tcp public:443", 0, "keywords are lower case, write `allow`" },
	{ "DENY any", 0, "keywords are lower case, write `deny`" },
	{ "example.com:443", 0,
	  "`example.com:443` is no action: a rule begins with `allow` or" },
	{ "tcp any", 0, "is no action" },
	{ "allow", 5, "the rule has no target: write one" },
	{ "allow  ", 7, "the rule has no target" },
	{ "allow out", 9, "the rule has no target" },
	{ "allow tcp", 9, "the rule has no target" },
	{ "allow in tcp broad", 18, "the rule has no target" },
	{ "allow any broad", 15, "the rule has no target" },
	{ "allow allow any", 6, "`allow` is an action: it stands once" },
	{ "allow tcp any deny", 14, "`deny` is an action" },
	/* direction */
	{ "allow Out any", 6, "keywords are lower case, write `out`" },
	{ "allow tcp in any", 10,
	  "`in` is a direction: it stands right behind" },
	{ "allow out in any", 10, "`in` is a direction" },
	{ "allow inbound any", 6, "did you mean `in`?" },
	{ "allow in:80", 6, "`in` is a direction" },
	/* protocols */
	{ "allow tpc public:443", 6, "`tpc` is no group: did you mean `tcp`?" },
	{ "allow TCP any", 6, "keywords are lower case, write `tcp`" },
	{ "allow tcp,sctp any:443", 10,
	  "`sctp` is no protocol: there are `tcp`, `udp`, `icmp` and `any`" },
	{ "allow udp,tpc any", 10,
	  "`tpc` is no protocol: did you mean `tcp`?" },
	{ "allow tcp,http any", 10,
	  "`http` is no protocol: there are `tcp`, `udp`, `icmp` and `any`" },
	{ "allow tcp,upd any", 10, "did you mean `udp`?" },
	{ "allow tcp, udp any", 10, "a protocol is missing at the comma" },
	{ "allow tcp,,udp any", 10, "a protocol is missing at the comma" },
	{ "allow ,tcp any", 6, "a protocol is missing at the comma" },
	{ "allow tcp,tcp any", 10, "`tcp` stands twice" },
	{ "allow public,private", 6,
	  "`public` is no protocol: hosts are separated by blanks" },
	{ "allow tcp udp any", 10,
	  "`udp` is one more protocol: they are joined by commas" },
	{ "allow any tcp 9.9.9.9", 10, "`tcp` is one more protocol" },
	{ "allow tcp:443", 6, "`tcp` is a protocol, not a host" },
	{ "allow public tcp", 13, "protocols come before the words and the" },
	{ "allow icmp any:443", 15, "icmp has no ports: leave out the colon" },
	{ "allow tcp,icmp 9.9.9.9 any:443", 27, "icmp has no ports" },
	{ "allow in icmp any", 9, "`icmp` cannot be allowed `in`" },
	{ "allow in tcp,icmp any", 13, "`icmp` cannot be allowed `in`" },
	/* words */
	{ "allow broad tcp *.com:443", 12,
	  "`tcp` is a protocol: protocols come before the words" },
	{ "allow broad any *.com", 12,
	  "`any` stands behind a word: the protocols come first" },
	{ "allow tcp broad broad *.com", 16, "`broad` stands twice" },
	{ "allow unnamed broad unnamed a.b", 20, "`unnamed` stands twice" },
	{ "allow tcp *.example.com broad", 24,
	  "`broad` is no host: it stands before the targets" },
	{ "allow Broad *.com", 6, "lower case, write `broad`" },
	{ "allow tcp unamed a.example", 10, "did you mean `unnamed`?" },
	/* groups */
	{ "allow metdata", 6,
	  "`metdata` is no group: did you mean `metadata`?" },
	{ "allow tcp meta-data:80", 10, "did you mean `metadata`?" },
	{ "allow tcp Public:443", 10, "lower case, write `public`" },
	{ "allow pubilc", 6, "did you mean `public`?" },
	{ "allow lan", 6, "did you mean `private`?" },
	{ "allow all", 6, "did you mean `any`?" },
	{ "allow link-local", 6, "did you mean `linklocal`?" },
	{ "allow crop", 6, "did you mean `corp`?" },
	{ "allow tcp lab1:22", 10, "did you mean `lab-1`?" },
	{ "allow a-group-of-a-very-long-name-for-a-grou", 6,
	  "`a-group-of-a-very-long-name-for-a-grou` is no group" },
	{ "allow tcp build:22", 10,
	  "`build` is no group: a name without a dot is written `name=build`" },
	{ "allow build.", 6,
	  "`build.` has one label: a name without a dot inside is written "
	  "`name=build.`" },
	{ "allow b" UE "cher", 6, "has one label" },
	{ "allow tcp localhost:80", 10, "is reached by `host`" },
	{ "allow loopback", 6,
	  "the loopback of the host is reached by `host`" },
	{ "deny Loopback", 5, "is reached by `host`" },
	{ "allow reserved", 6, "write the reserved addresses that are meant" },
	{ "deny never", 5, "refused before any rule" },
	{ "allow multicast", 6, "`multicast` cannot be allowed" },
	{ "allow in tcp multicast:80", 13, "cannot be allowed" },
	{ "allow file", 6, "`file` alone is no host: write `file:PATH`" },
	{ "allow tcp name:build", 10, "`name=LABEL` for a name without a dot" },
	{ "allow 443", 6, "`443` is a number, not a host" },
	{ "allow dns:53", 10, "`dns` is about names and has no ports" },
	{ "deny in dns", 8, "`dns` is about names, which are asked `out`" },
	{ "allow in tcp a.example:80", 13, "the peer, who has none" },
	{ "deny in 9.9.9.9 .corp.example", 16, "is the peer, who has none" },
	/* ports */
	{ "allow tcp any:0", 14, "`0` is out of range: a port is 1 to 65535" },
	{ "allow tcp any:65536", 14, "`65536` is out of range" },
	{ "allow tcp any:99999999999999999999999", 14, "is out of range" },
	{ "allow tcp any:http", 14, "a port is a number: `http` is `80`" },
	{ "allow tcp any:foo", 14, "`foo` is no port: a port is a number" },
	{ "allow tcp any:80,https", 17, "`https` is `443`" },
	{ "allow tcp any:", 14, "a port is missing: write it" },
	{ "allow tcp any:80,", 17, "a port is missing" },
	{ "allow tcp any:,80", 14, "a port is missing" },
	{ "allow tcp any:80-", 17, "a port is missing" },
	{ "allow tcp any:-80", 14, "a port is missing" },
	{ "allow tcp any:1-2-3", 16, "`2-3` is no port" },
	{ "allow tcp any:9000-8000", 14,
	  "the range `9000-8000` is reversed: the lower port comes first, as "
	  "in `8000-9000`" },
	{ "allow tcp any:0-80", 14, "`0` is out of range" },
	{ "allow tcp any:80-65536", 17, "`65536` is out of range" },
	{ "allow tcp any:080", 14, "without leading zeroes" },
	{ "allow tcp any:+80", 14, "`+80` is no port" },
	{ "allow tcp any:*", 14, "leave the colon and `*` out" },
	{ "allow any:443/tcp", 10, "leave out the slash and what follows" },
	{ "allow tcp any:80:90", 16, "more than one colon" },
	{ "allow tcp a.example:80:90", 22, "more than one colon" },
	{ "allow tcp :443", 10, "the host before the colon is missing" },
	{ "allow any:1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,37,39,41,"
	  "43,45,47,49,51,53,55,57,59,61,63,65",
	  101, "`65` is one range of ports too many: a target has 32 at most" },
	/* IPv4 */
	{ "allow tcp 10.0.0.0/33", 19, "a number of 0 to 32" },
	{ "allow tcp 10.0.0.0/", 19, "the length of the prefix is missing" },
	{ "allow tcp 10.0.0.0/255.0.0.0", 19, "a number of 0 to 32" },
	{ "allow tcp 10.0.0.0/08", 19, "`08` is no length" },
	{ "allow tcp 10.1.2.3/8", 10,
	  "`10.1.2.3/8` has bits set behind its prefix: did you mean the "
	  "network `10.0.0.0/8`?" },
	{ "allow 0.0.0.1/0:80", 6, "the network `0.0.0.0/0`?" },
	{ "allow 192.0.2.255/31", 6, "the network `192.0.2.254/31`?" },
	{ "allow tcp 10.1", 10, "write all four numbers" },
	{ "allow tcp 10.1/16", 10, "write all four numbers" },
	{ "allow tcp 10/8", 10, "write all four numbers" },
	{ "allow 1.2.3.4.5", 6, "write all four numbers" },
	{ "allow 1.2.3.4.", 6, "write all four numbers" },
	{ "allow 1..3.4", 6, "write all four numbers" },
	{ "allow tcp 010.0.0.1", 10, "`010` begins with a zero" },
	{ "allow tcp 10.0.00.1", 15, "`00` begins with a zero" },
	{ "allow tcp 9.9.9.256:443", 16, "`256` is too large" },
	{ "allow 999.1.1.1", 6, "each of its four numbers is 0 to 255" },
	{ "allow 9.9.9.99999999999999999999999", 12, "is too large" },
	{ "allow 0x7f.0.0.1", 6, "ends in a number" },
	{ "allow 0x7f000001", 6, "`0x7f000001` is a number, not a host" },
	{ "allow 10.0.0.1-10.0.0.9", 6, "ends in a number" },
	/* IPv6 */
	{ "allow tcp 2001:db8::1", 10, "write `[2001:db8::1]`" },
	{ "allow 2001:db8::/32", 6, "write `[2001:db8::/32]`" },
	{ "allow 1:2:3:4:5:6:7:8", 6, "write `[1:2:3:4:5:6:7:8]`" },
	{ "allow ::1", 6, "write `[::1]`" },
	{ "allow fe80::1%eth0", 6, "is IPv6, which stands in brackets" },
	{ "allow tcp [2001:db8::1:443", 10, "the bracket is not closed" },
	{ "allow [", 6, "the bracket is not closed" },
	{ "allow []", 7, "the brackets are empty" },
	{ "allow []:443", 7, "the brackets are empty" },
	{ "allow tcp [example.com]:443", 11,
	  "brackets hold IPv6 only, as in `[2001:db8::1]`: write "
	  "`example.com` without" },
	{ "allow [10.0.0.1]", 7, "write `10.0.0.1` without" },
	{ "allow [10.0.0.0/8]", 7, "write `10.0.0.0/8` without" },
	{ "allow [fe80::1%eth0]", 14, "no zone here" },
	{ "allow [2001:db8:::1]", 7, "is no IPv6 address" },
	{ "allow [2001:db8::/129]", 18, "a number of 0 to 128" },
	{ "allow [2001:db8::1/]", 19, "the length of the prefix is missing" },
	{ "allow [2001:db8::1/32]", 7, "the network `[2001:db8::/32]`?" },
	{ "allow [::ffff:10.1.2.3/104]", 7, "the network `10.0.0.0/8`?" },
	{ "allow [::ffff:1.2.3.4/64]", 7, "the network `[::/64]`?" },
	{ "allow [2001:db8::]/32", 18, "`/32` belongs inside the brackets" },
	{ "allow [2001:db8::1]443", 19, "only a colon and ports can" },
	{ "allow [2001:db8::1]:", 20, "a port is missing" },
	/* what is no host */
	{ "allow tcp https://example.com", 10,
	  "write its host and port alone, "
	  "as in `example.com:443`" },
	{ "allow http://u:p@example.com/x?y", 6, "as in `example.com:80`" },
	{ "allow https://example.com:8443/", 6, "as in `example.com:8443`" },
	{ "allow ftp://example.com", 6, "as in `example.com`" },
	{ "allow https://", 6, "as in `example.com:443`" },
	{ "allow tcp example.com/path:443", 10,
	  "has a path, which is no part of a host: write `example.com`" },
	{ "allow tcp example.com:443/path", 22,
	  "a path in an entry of `http`" },
	{ "allow /etc/hosts.txt", 6, "is a path: a list of hosts is written" },
	{ "allow ./hosts.txt", 6, "`file:hosts.txt`" },
	{ "allow tcp user@example.com:443", 10,
	  "has a user, who is no part of a host: write `example.com:443`" },
	{ "allow user@", 6, "write `example.com`" },
	{ "allow file:", 11, "the path of the list is missing" },
	{ "allow file::443", 11, "the path of the list is missing" },
	{ "allow file:list:0", 16, "`0` is out of range" },
	{ "allow file:list:", 16, "a port is missing" },
	{ "allow FILE:list", 6, "keywords are lower case, write `file:`" },
	/* names */
	{ "allow tcp api..example.com:443", 14,
	  "a label of the name is empty" },
	{ "allow ..example.com", 7, "a label of the name is empty" },
	{ "allow *..example.com", 8, "a label of the name is empty" },
	{ "allow example.com..", 18, "a label of the name is empty" },
	{ "allow tcp api.*.example.com:443", 14,
	  "a star stands only for the first label" },
	{ "allow *example.com", 6, "a star stands only for the first label" },
	{ "allow *.*.example.com", 8, "a star stands only for" },
	{ "allow **.example.com", 6, "a star stands only for" },
	{ "allow example.*", 14, "a star stands only for" },
	{ "allow tcp *:443", 10, "a star alone is no host: write `any`" },
	{ "allow *", 6, "a star alone is no host: write `any`" },
	{ "allow .", 6, "`.` has no name behind its dot" },
	{ "allow *.", 6, "`*.` has no name behind its dot" },
	{ "allow *.:443", 6, "`*.` has no name behind its dot" },
	{ "allow *..", 8, "a label of the name is empty" },
	{ "allow a.example,b.example", 15, "hosts are separated by blanks" },
	{ "allow exa$mple.com", 9, "`$` cannot be in a name" },
	{ "allow a#b", 7, "`#` cannot be in a name" },
	{ "allow \"a.example\"", 6, "cannot be in a name" },
	{ "allow a[.example", 7, "a bracket stands only around IPv6" },
	{ "allow example.123", 6, "`example.123` ends in a number" },
	{ "allow *.1.2", 8, "`1.2` ends in a number" },
	{ "allow .5", 7, "`5` ends in a number" },
	{ "allow name=123", 11, "`123` ends in a number" },
	{ "allow a.0x7f", 6, "ends in a number" },
	{ "allow name=", 11, "the name behind `name=` is missing" },
	{ "allow name=:80", 11, "the name behind `name=` is missing" },
	{ "allow name=*.build", 11, "`*.build` is a pattern" },
	{ "allow name=.", 11, "is a pattern" },
	{ "allow NAME=build", 6, "keywords are lower case, write `name=`" },
	{ "allow host=build", 10, "`=` cannot be in a name" },
	{ "allow tcp *.com:443", 10,
	  "`*.com` is every name below a public "
	  "suffix: name a site below it, or give "
	  "the rule the word `broad`" },
	{ "allow tcp .com:443", 10, "below a public suffix" },
	{ "allow tcp *.co.uk:443", 10, "below a public suffix" },
	{ "allow *.CO.UK.", 6, "below a public suffix" },
	{ "allow .S3.eu-1.cloud.example", 6, "below a public suffix" },
	{ "allow *.b" UE "cher.example", 6, "below a public suffix" },
	{ "allow *.\xef\xbd\x83om", 6, "below a public suffix" },
	{ "allow \xff\xfe.example", 6,
	  "`\\xff\\xfe.example` is no name beyond ASCII" },
	{ "allow \xef\xbc\x91\xef\xbc\x90.0.0.1", 6, "becomes `10.0.0.1`" },
	{ "allow a\xe3\x80\x82.example", 6, "becomes `a..example`" },
	{ "allow a\xef\xbc\x8f.example", 6, "becomes `a/.example`" },
	{ "allow a\xef\xbc\x91.\xef\xbc\x91", 6, "becomes `a1.1`" },
	{ "allow "
	  "x23456789012345678901234567890123456789012345678901234567890123"
	  "4.example",
	  6, "is too long: shorten it to 63 bytes" },
	{ "allow a.x2345678901234567890123456789012345678901234567890123456789"
	  "01234",
	  8, "is too long: shorten it to 63 bytes" },
	{ "allow "
	  "x23456789012345678901234567890123456789012345678901234567890123"
	  "4",
	  6, "is too long: shorten it to 63 bytes" },
	/* bytes */
	{ "allow any\n", 9, "`\\x0a` is a control character" },
	{ "allow\rany", 5, "`\\x0d` is a control character" },
	{ "allow \x1b[31m", 6, "`\\x1b` is a control character" },
	{ "allow \x7f", 6, "`\\x7f` is a control character" },
};

static void check_error(const char *text, size_t len,
			const struct weir_rule_error *e)
{
	size_t why = strnlen(e->why, sizeof(e->why));

	/* a full sentence: not cut off, printable, quotes in pairs or quoted */
	CHECK(why > 10 && why < sizeof(e->why) - 1);
	for (size_t i = 0; i < why; i++)
		CHECK(e->why[i] >= ' ' && e->why[i] < 0x7f);
	if (e->at > len)
		fail_msg("%.*s: at %zu", (int)len, text, e->at);
}

static void a_bad_rule_is_explained(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct weir_rule_error e = { .at = 9999 };

		if (parse(bad[i].text, &rule, &e))
			fail_msg("%s: is taken", bad[i].text);
		if (e.at != bad[i].at || !strstr(e.why, bad[i].piece))
			fail_msg("%s: at %zu: %s", bad[i].text, e.at, e.why);
		check_error(bad[i].text, strlen(bad[i].text), &e);
	}
}

static void a_nul_is_a_byte_like_any_other(void **state)
{
	struct weir_rule_error e;

	(void)state;
	CHECK(!weir_rule_parse("allow a.example\0b", 17, &world, &rule, &e));
	CHECK_EQ(e.at, 15);
	CHECK(strstr(e.why, "`\\x00` is a control character"));
}

static void nothing_at_all_is_an_empty_rule(void **state)
{
	struct weir_rule_error e = { .at = 1 };
	struct weir_rule_target t;

	(void)state;
	CHECK(!weir_rule_parse(NULL, 0, NULL, &rule, &e));
	CHECK_EQ(e.at, 0);
	CHECK(!weir_rule_parse_host(NULL, 0, false, NULL, &t, &e));
	CHECK(strstr(e.why, "a host is missing"));
}

/* Each bad word again with a long tail, of letters and of what is escaped. */
static void no_sentence_is_too_long_for_its_room(void **state)
{
	static const char tails[] = { 'x', '-', '\\', '.', '\xfe', '1', ':' };
	char b[1024];

	(void)state;
	for (size_t i = 0; i < COUNT(bad) * sizeof(tails); i++) {
		const char *text = bad[i / sizeof(tails)].text;
		size_t len = strlen(text), at = bad[i / sizeof(tails)].at;
		struct weir_rule_error e;

		memcpy(b, text, len);
		memset(b + len, tails[i % sizeof(tails)], 300);
		if (!weir_rule_parse(b, len + 300, &world, &rule, &e))
			check_error(b, len + 300, &e);
		/* and in the middle, where it went wrong */
		memcpy(b, text, at);
		memset(b + at, tails[i % sizeof(tails)], 300);
		memcpy(b + at + 300, text + at, len - at);
		if (!weir_rule_parse(b, len + 300, &world, &rule, &e))
			check_error(b, len + 300, &e);
	}
}

/* In memory of the exact size, so that a sanitizer sees a byte too many. */
static void try_bytes(const char *text, size_t len)
{
	char *exact = malloc(len ? len : 1);
	struct weir_rule_error e;

	CHECK(exact);
	memcpy(exact, text, len);
	if (!weir_rule_parse(exact, len, &world, &rule, &e))
		check_error(exact, len, &e);
	free(exact);
}

static void every_truncation_is_a_rule_or_explained(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		for (size_t n = 0; n <= strlen(good[i].text); n++)
			try_bytes(good[i].text, n);
	for (size_t i = 0; i < COUNT(bad); i++)
		for (size_t n = 0; n <= strlen(bad[i].text); n++)
			try_bytes(bad[i].text, n);
}

static void every_byte_may_be_another(void **state)
{
	static const char bytes[] = " \t.:,-*[]/@=0a\xff";
	char b[1024];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		size_t len = strlen(good[i].text);

		for (size_t n = 0; n < len * (sizeof(bytes) - 1); n++) {
			memcpy(b, good[i].text, len);
			b[n % len] = bytes[n / len];
			try_bytes(b, len);
		}
	}
}

/* --- limits --------------------------------------------------------------- */

static void sixty_four_targets_fit_and_one_more_does_not(void **state)
{
	char b[TEXT_MAX];
	struct weir_text t = weir_text_over(b, sizeof(b));
	struct weir_rule_error e;
	size_t at;

	(void)state;
	weir_text_add(&t, "allow");
	for (unsigned i = 0; i < WEIR_RULE_TARGETS_MAX; i++)
		weir_text_add(&t, " a.example:80");
	must_parse(b, &rule);
	CHECK_EQ(rule.n_targets, WEIR_RULE_TARGETS_MAX);
	at = t.len + 1;
	weir_text_add(&t, " b.example");
	CHECK(!parse(b, &rule, &e));
	CHECK_EQ(e.at, at);
	CHECK(strstr(e.why,
		     "`b.example` is one target too many: a rule has 64"));
}

static void the_longest_text_fits_and_one_more_does_not(void **state)
{
	static char b[WEIR_RULE_TEXT_BYTES + 1];
	struct weir_rule_error e;

	(void)state;
	memset(b, ' ', sizeof(b));
	memcpy(b, "allow any", 9);
	CHECK(weir_rule_parse(b, WEIR_RULE_TEXT_BYTES, &world, &rule, &e));
	CHECK(!weir_rule_parse(b, sizeof(b), &world, &rule, &e));
	CHECK_EQ(e.at, WEIR_RULE_TEXT_BYTES);
	CHECK(strstr(e.why, "the rule is too long: it may have 4096 bytes"));
}

static void the_longest_name_fits_and_one_more_does_not(void **state)
{
	char b[400] = "allow ";
	struct weir_rule_error e;

	(void)state;
	memset(b + 6, 'a', 300);
	for (size_t i = 6 + 63; i < 6 + 253; i += 64)
		b[i] = '.';
	CHECK(weir_rule_parse(b, 6 + 253, &world, &rule, &e));
	b[6 + 253] = '.';
	CHECK(weir_rule_parse(b, 6 + 254, &world, &rule, &e));
	b[6 + 253] = 'a';
	CHECK(!weir_rule_parse(b, 6 + 254, &world, &rule, &e));
	CHECK_EQ(e.at, 6);
	CHECK(strstr(e.why, "a name has at most 253 bytes"));
	check_error(b, 6 + 254, &e);
}

static void without_a_world_only_what_needs_none_is_known(void **state)
{
	static const struct weir_rule_world empty;
	struct weir_rule_error e;

	(void)state;
	CHECK(weir_rule_parse("allow *.co.uk", 13, NULL, &rule, &e));
	CHECK(weir_rule_parse("allow *.co.uk", 13, &empty, &rule, &e));
	CHECK(!weir_rule_parse("allow *.com", 11, &empty, &rule, &e));
	CHECK(!weir_rule_parse("allow corp", 10, &empty, &rule, &e));
	CHECK(strstr(e.why, "`corp` is no group: a name without a dot"));
	CHECK(!weir_rule_parse("allow b" UE "cher.example", 21, &empty, &rule,
			       &e));
	CHECK(strstr(e.why, "is no name beyond ASCII"));
}

/* --- one host ------------------------------------------------------------- */

static const struct {
	const char *text, *meaning; /* NULL: none, then as in bad[] */
	size_t at;
	const char *piece;
} hosts[] = {
	{ "example.com", "example.com", 0, NULL },
	{ "  *.Example.com \t", "*.example.com", 0, NULL },
	{ ".example.com", ".example.com", 0, NULL },
	{ "name=build", "name=build", 0, NULL },
	{ "10.0.0.0/8", "10.0.0.0/8", 0, NULL },
	{ "[2001:db8::/32]", "[2001:db8::/32]", 0, NULL },
	{ "[::ffff:9.9.9.9]", "9.9.9.9", 0, NULL },
	{ "b" UE "cher.example", "xn--bcher-kva.example", 0, NULL },
	{ "", NULL, 0, "a host is missing" },
	{ "  ", NULL, 2, "a host is missing" },
	{ "a.example b.example", NULL, 10,
	  "`b.example` follows the host: one host stands alone" },
	{ "0.0.0.0 ads.example", NULL, 8, "`ads.example` follows the host" },
	{ "a.example:443", NULL, 10, "a host has no ports here" },
	{ "10.0.0.1:", NULL, 9, "a host has no ports here" },
	{ "[::1]:80", NULL, 6, "a host has no ports here" },
	{ "any", NULL, 0, "`any` cannot stand here" },
	{ "dns", NULL, 0, "`dns` cannot stand here" },
	{ "public", NULL, 0, "`public` cannot stand here" },
	{ "corp", NULL, 0, "`corp` cannot stand here" },
	{ " corp", NULL, 1, "`corp` cannot stand here" },
	{ "file:other.txt", NULL, 0, "`file:other.txt` cannot stand here" },
	{ "build", NULL, 0,
	  "`build` has no dot: a name without one is written `name=build`" },
	{ "localhost", NULL, 0, "has no dot" },
	{ "metdata", NULL, 0, "has no dot" },
	{ "*.com", NULL, 0, "below a public suffix" },
	{ "10.1.2.3/8", NULL, 0, "the network `10.0.0.0/8`" },
	{ "2001:db8::1", NULL, 0, "write `[2001:db8::1]`" },
	{ "a.example#x", NULL, 9, "`#` cannot be in a name" },
	{ "a.example\r", NULL, 9, "`\\x0d` is a control character" },
	{ "\x89PNG", NULL, 0, "is no name beyond ASCII" },
};

static void a_host_alone_is_an_address_or_a_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		struct weir_rule_target t = { .at = 77 };
		struct weir_rule_error e;
		char b[TEXT_MAX];
		struct weir_text to = weir_text_over(b, sizeof(b));
		size_t len = strlen(hosts[i].text);

		if (weir_rule_parse_host(hosts[i].text, len, false, &world, &t,
					 &e)) {
			CHECK(hosts[i].meaning);
			CHECK(t.host == WEIR_RULE_HOST_NAME ||
			      t.host == WEIR_RULE_HOST_PREFIX);
			CHECK_EQ(t.n_ports, 0);
			add_host(&to, &t);
			assert_string_equal(b, hosts[i].meaning);
			continue;
		}
		CHECK_EQ(t.at, 77); /* untouched */
		if (hosts[i].meaning || e.at != hosts[i].at ||
		    !strstr(e.why, hosts[i].piece))
			fail_msg("%s: at %zu: %s", hosts[i].text, e.at, e.why);
		check_error(hosts[i].text, len, &e);
	}
}

static void broad_opens_a_host_alone_too(void **state)
{
	struct weir_rule_target t;
	struct weir_rule_error e;

	(void)state;
	CHECK(weir_rule_parse_host("*.co.uk", 7, true, &world, &t, &e));
	CHECK_EQ(t.name.what, WEIR_PATTERN_BELOW);
	CHECK(weir_rule_parse_host(".com", 4, true, &world, &t, &e));
	CHECK_EQ(t.name.what, WEIR_PATTERN_BELOW | WEIR_PATTERN_SELF);
}

static void a_group_is_not_called_like_a_word(void **state)
{
	static const char *const may[] = { "corp", "lab-1", "a", "x_y",
					   "1a",   "ports", "-a" };
	static const char *const may_not[] = {
		"",         "allow",     "deny",      "in",       "out",
		"tcp",      "udp",       "icmp",      "any",      "dns",
		"broad",    "unnamed",   "public",    "private",  "host",
		"metadata", "linklocal", "multicast", "reserved", "never",
		"loopback", "Corp",      "a b",       "a.b",      "1",
		"_-",       "a:b",       "b\xc3\xbc", "a/b"
	};
	char b[64];

	(void)state;
	for (size_t i = 0; i < COUNT(may); i++)
		CHECK(weir_rule_can_name(may[i], strlen(may[i])));
	for (size_t i = 0; i < COUNT(may_not); i++)
		CHECK(!weir_rule_can_name(may_not[i], strlen(may_not[i])));
	memset(b, 'a', sizeof(b));
	CHECK(weir_rule_can_name(b, 63) && !weir_rule_can_name(b, 64));
}

/* --- rules in vain -------------------------------------------------------- */

static const struct {
	const char *earlier, *later;
	bool covers;
} pairs[] = {
	{ "allow any", "allow tcp example.com:443", true },
	{ "deny any", "allow public", true },
	{ "deny any", "allow private", true },
	{ "allow any", "allow public", true },
	{ "allow any", "allow 9.9.9.9", true },
	{ "allow any", "deny private", true },
	{ "allow any", "allow private:80", true },
	{ "allow any", "allow private", false }, /* it opens answers */
	{ "allow any", "allow 10.1.2.3", false },
	{ "allow any", "allow corp", false },
	{ "allow any", "allow corp:80", true },
	{ "allow in any", "allow in private", true },
	{ "deny any", "deny dns", true },
	{ "deny tcp any", "deny dns", false },
	{ "allow tcp any:443", "allow dns", true },
	{ "deny dns", "deny a.example", false },
	{ "deny dns", "allow udp dns", true },
	{ "allow public", "allow dns", false },
	{ "allow any", "deny in any", false },
	{ "deny in any", "allow in tcp 192.0.2.0/24:80", true },
	/* protocols and ports */
	{ "allow tcp any", "allow any", false },
	{ "allow tcp any", "allow udp any", false },
	{ "allow tcp,udp any", "allow tcp any", true },
	{ "allow tcp,udp any", "allow any:443", true },
	{ "allow any:443", "allow tcp,udp any:443", true },
	{ "allow tcp any:443", "allow any:443", false },
	{ "allow any:443", "allow icmp any", false },
	{ "allow any:1-65535", "allow tcp any", false },
	{ "allow any:80-90", "allow any:80,85-90", true },
	{ "allow any:80-90", "allow any:80,85-91", false },
	{ "allow any:80,443", "allow any:443", true },
	{ "allow any:80,443", "allow any:81", false },
	{ "allow any:443", "allow any:80,443", false },
	{ "deny tcp,udp,icmp a.example", "allow a.example", true },
	{ "deny tcp,udp,icmp a.example", "deny a.example", false },
	{ "deny any a.example", "deny a.example", true },
	/* hosts */
	{ "deny 10.0.0.0/8", "allow tcp 10.1.2.3:5432", true },
	{ "allow 10.0.0.0/8", "allow 10.1.0.0/16", true },
	{ "allow 10.1.0.0/16", "allow 10.0.0.0/8", false },
	{ "deny [::/0]", "allow 9.9.9.9", false },
	{ "deny 0.0.0.0/0 [::/0]", "allow 9.9.9.9 [2620:fe::fe]", true },
	{ "allow .example.com", "deny ads.example.com", true },
	{ "allow *.example.com", "allow example.com", false },
	{ "allow .example.com", "allow *.example.com example.com", true },
	{ "allow public", "allow tcp public:443", true },
	{ "allow private", "allow 10.1.2.3", false },
	{ "allow private", "allow public", false },
	{ "deny corp", "allow corp:443", true },
	{ "deny corp", "allow lab-1", false },
	{ "deny corp", "allow name=corp", false },
	{ "deny file:a", "allow file:a:443", true },
	{ "deny file:a", "allow file:ab", false },
	{ "deny any:80 a.example", "deny tcp a.example:443 9.9.9.9:80", true },
	{ "deny any:80 a.example", "deny tcp a.example:443 9.9.9.9:81", false },
	{ "allow tcp 1.1.1.1:80 1.1.1.1:443", "allow tcp 1.1.1.1:80,443",
	  false }, /* two together, no one alone */
	/* unnamed */
	{ "allow a.example", "allow unnamed a.example", false },
	{ "allow unnamed a.example", "allow a.example", true },
	{ "allow unnamed a.example", "allow unnamed a.example", true },
	{ "deny a.example", "allow unnamed a.example", true },
	{ "allow corp", "allow unnamed corp", false },
	{ "allow any", "allow unnamed a.example", true },
	{ "allow public", "allow unnamed public", true },
};

static void a_rule_in_vain_is_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		must_parse(pairs[i].earlier, &rule);
		must_parse(pairs[i].later, &again);
		if (weir_rule_covers(&rule, &again) != pairs[i].covers)
			fail_msg("%s | %s", pairs[i].earlier, pairs[i].later);
	}
}

static uint32_t seed = 3;

static uint32_t roll(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static const char *const some_hosts[] = {
	"any",          "public",         "private",    "9.9.9.9",
	"9.9.9.0/24",   "0.0.0.0/0",      "10.0.0.0/8", "10.1.0.0/16",
	"[::/0]",       "[2620:fe::/32]", "a.example",  "*.example.org",
	".example.org", "x.example.org",  "host",       "dns",
};

static const char *const some_ports[] = { "",          "",        ":80",
					  ":443",      ":80,443", ":1-1000",
					  ":80-81,443" };

static void random_rule(char *b, size_t room)
{
	static const char *const protocols[] = {
		"", "", "tcp", "udp", "tcp,udp", "icmp", "any", "tcp,udp,icmp"
	};
	struct weir_text t = weir_text_over(b, room);
	const char *p = protocols[roll(COUNT(protocols))];
	bool icmp = strstr(p, "icmp");

	weir_text_add(&t, roll(2) ? "allow out " : "deny out ");
	weir_text_add(&t, p);
	for (unsigned n = 1 + roll(2); n; n--) {
		const char *h = some_hosts[roll(COUNT(some_hosts))];

		weir_text_add(&t, " ");
		weir_text_add(&t, h);
		if (!icmp && strcmp(h, "dns") != 0)
			weir_text_add(&t, some_ports[roll(COUNT(some_ports))]);
	}
}

struct flow {
	struct weir_addr to;
	struct weir_dns_name name; /* pinned and shown */
	unsigned protocol, port;
};

/* The oracle: does the flow meet the rule, looked at the long way? */
static bool meets(const struct weir_rule *r, const struct flow *f)
{
	static const struct weir_class_facts nowhere;

	for (size_t i = 0; i < r->n_targets; i++) {
		const struct weir_rule_target *t = &r->target[i];
		bool hit = t->n_ports == 0;

		for (size_t p = 0; p < t->n_ports; p++)
			hit |= f->protocol != WEIR_RULE_ICMP &&
			       f->port >= t->port[p].low &&
			       f->port <= t->port[p].high;
		if (t->host == WEIR_RULE_HOST_CLASS)
			hit &= weir_class_find(&nowhere, &f->to) == t->class;
		else if (t->host == WEIR_RULE_HOST_PREFIX)
			hit &= weir_prefix_has(&t->prefix, &f->to);
		else if (t->host == WEIR_RULE_HOST_NAME)
			hit &= weir_pattern_has(&t->name, &f->name);
		else
			hit &= t->host == WEIR_RULE_HOST_ANY;
		if (hit && (r->protocols & f->protocol))
			return true;
	}
	return false;
}

static struct flow random_flow(void)
{
	static const char *const to[] = {
		"9.9.9.9",  "9.9.9.1",     "10.1.2.3",
		"10.2.0.1", "2620:fe::fe", "2a00::1"
	};
	static const char *const names[] = { "a.example", "x.example.org",
					     "example.org", "y.x.example.org",
					     "b.example" };
	static const unsigned ports[] = { 80, 81, 443, 22, 5000 };
	const char *a = to[roll(COUNT(to))], *n = names[roll(COUNT(names))];
	struct flow f = { .protocol = 1u << roll(3),
			  .port = ports[roll(COUNT(ports))] };

	CHECK(weir_text_parse_addr(a, strlen(a), &f.to));
	CHECK(weir_pattern_name(n, strlen(n), &f.name));
	return f;
}

static void behind_a_rule_that_covers_no_flow_is_left(void **state)
{
	unsigned covered = 0, met = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char b[200];

		random_rule(b, sizeof(b));
		must_parse(b, &rule);
		random_rule(b, sizeof(b));
		must_parse(b, &again);
		if (!weir_rule_covers(&rule, &again))
			continue;
		covered++;
		for (int k = 0; k < 100; k++) {
			struct flow f = random_flow();

			if (!meets(&again, &f))
				continue;
			met++;
			if (!meets(&rule, &f))
				fail_msg("%s", b);
		}
	}
	CHECK(covered > 300 && met > 2000);
}

T_MAIN(T(a_good_rule_means_what_it_says),
       T(what_is_printed_is_read_as_the_same), T(a_target_knows_its_place),
       T(a_bad_rule_is_explained), T(a_nul_is_a_byte_like_any_other),
       T(nothing_at_all_is_an_empty_rule),
       T(no_sentence_is_too_long_for_its_room),
       T(every_truncation_is_a_rule_or_explained), T(every_byte_may_be_another),
       T(sixty_four_targets_fit_and_one_more_does_not),
       T(the_longest_text_fits_and_one_more_does_not),
       T(the_longest_name_fits_and_one_more_does_not),
       T(without_a_world_only_what_needs_none_is_known),
       T(a_host_alone_is_an_address_or_a_name), T(broad_opens_a_host_alone_too),
       T(a_group_is_not_called_like_a_word), T(a_rule_in_vain_is_seen),
       T(behind_a_rule_that_covers_no_flow_is_left))
