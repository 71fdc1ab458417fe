/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ca.c - `weir ca`: the CA of interception, for people
 *
 * show reads and makes nothing; export makes the CA if there is none, since
 * who wants its certificate is about to use it; rotate replaces it, whatever
 * state it is in.
 */
#include "ca.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/ca.h"
#include "control/config.h"
#include "options.h"
#include "say.h"

/** struct order - what was asked for; words borrowed; @verb: "": none yet */
struct order {
	const char *verb, *config, *file;
	bool der, pem, yes, help;
};

void weir_ca_help(void)
{
	fputs("usage: weir ca show [-c FILE]\n"
	      "       weir ca export [-c FILE] [--pem|--der] [FILE|-]\n"
	      "       weir ca rotate [--yes]\n\n"
	      "The CA that signs what guests are shown when TLS is "
	      "intercepted.  It is made when\nit is first wanted, in "
	      "$XDG_DATA_HOME/weir/ca (root: /var/lib/weir/ca), unless\n"
	      "tls.ca of the configuration gives one.\n\n"
	      "  show     where it is, whose, until when; makes nothing\n"
	      "  export   its certificate, for guests that are not "
	      "`weir run`'s\n"
	      "  rotate   make a new one; guests that trust the old one trust "
	      "nothing of the\n           new one's, but those of a Weir that "
	      "runs are not concerned\n\n"
	      "Options:\n"
	      "  -c, --config FILE  use the CA that this configuration gives\n"
	      "      --pem          text (the default), with the CAs above it\n"
	      "      --der          binary, the CA alone\n"
	      "  -y, --yes          rotate without a question\n\n"
	      "Examples:\n"
	      "  weir ca export /usr/local/share/ca-certificates/weir.crt\n"
	      "  weir ca export --der - | openssl x509 -inform der -text\n"
	      "  weir ca rotate --yes\n\n"
	      "Exit codes: 0 ok; 1 there is none, it is of no use, or it "
	      "failed; 2 usage or\nconfiguration error.\n",
	      stdout);
}

/* --- words -----------------------------------------------------------------*/

static int read_option(struct order *o, const char *word)
{
	static const char *const names[] = { "config", "pem", "der", "yes",
					     "help" };
	const char *name = word + (word[1] == '-' ? 2 : 1), *meant;

	if (strcmp(word, "--pem") == 0) {
		o->pem = true;
	} else if (strcmp(word, "--der") == 0) {
		o->der = true;
	} else if (strcmp(word, "--yes") == 0 || strcmp(word, "-y") == 0) {
		o->yes = true;
	} else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		o->help = true;
	} else {
		meant = weir_options_nearest(name, names,
					     sizeof(names) / sizeof(names[0]));
		if (meant)
			return weir_say_error("ca: there is no option %s, did "
					      "you mean --%s?",
					      word, meant);
		return weir_say_error("ca: there is no option %s, see weir ca "
				      "--help",
				      word);
	}
	return 0;
}

static int read_word(struct order *o, const char *word)
{
	static const char *const verbs[] = { "show", "export", "rotate" };
	const char *meant;

	if (o->verb[0] && (o->file || strcmp(o->verb, "export") != 0))
		return weir_say_error("ca %s: what is %s? See weir ca --help",
				      o->verb, word);
	if (o->verb[0]) {
		o->file = word;
		return 0;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(word, verbs[i]) == 0)
			o->verb = verbs[i];
	if (o->verb[0])
		return 0;
	meant = weir_options_nearest(word, verbs,
				     sizeof(verbs) / sizeof(verbs[0]));
	if (meant)
		return weir_say_error("ca: there is no %s, did you mean weir "
				      "ca %s?",
				      word, meant);
	return weir_say_error("ca: there is no %s, see weir ca --help", word);
}

/* does each option belong to the verb? */
static int check_order(const struct order *o)
{
	bool export = strcmp(o->verb, "export") == 0;
	bool rotate = strcmp(o->verb, "rotate") == 0;

	if (!o->verb[0])
		return weir_say_error("ca: show, export or rotate? See weir ca "
				      "--help");
	if (o->pem && o->der)
		return weir_say_error("ca: --pem or --der, not both");
	if ((o->pem || o->der) && !export)
		return weir_say_error("ca %s: --pem and --der are for export",
				      o->verb);
	if (o->yes && !rotate)
		return weir_say_error("ca %s: --yes is for rotate", o->verb);
	return 0;
}

static int read_words(struct order *o, int argc, char **argv)
{
	bool only_words = false;
	int e = 0;

	for (int i = 0; i < argc && e == 0 && !o->help; i++) {
		const char *word = argv[i];

		if (only_words || word[0] != '-' || !word[1]) {
			e = read_word(o, word);
		} else if (strcmp(word, "--") == 0) {
			only_words = true;
		} else if (strncmp(word, "--config=", 9) == 0) {
			o->config = word + 9;
		} else if (strcmp(word, "-c") == 0 ||
			   strcmp(word, "--config") == 0) {
			if (++i == argc)
				return weir_say_error("ca: --config needs "
						      "FILE");
			o->config = argv[i];
		} else {
			e = read_option(o, word);
		}
	}
	return e || o->help ? e : check_order(o);
}

/* --- verbs -----------------------------------------------------------------*/

static int fail(const char *why)
{
	(void)weir_say_error("%s", why);
	return 1;
}

static void print_time(const char *what, int64_t s)
{
	time_t t = (time_t)s;
	char text[32] = "?";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	printf("%s%s\n", what, text);
}

static void print_ca(const struct weir_ca *ca)
{
	printf("certificate  %s%s\n", ca->cert_path,
	       ca->given ? " (given by tls.ca)" : "");
	printf("key          %s\n", ca->key_path);
	printf("subject      %s\n", ca->subject);
	printf("sha256       ");
	for (size_t i = 0; i < sizeof(ca->sha256); i++)
		printf("%s%02X", i ? ":" : "", ca->sha256[i]);
	putchar('\n');
	print_time("valid from   ", ca->from_s);
	print_time("valid until  ", ca->until_s);
}

static int show(const struct weir_ca_place *p)
{
	char why[WEIR_CA_WHY_BYTES];
	struct weir_ca ca;

	switch (weir_ca_look(p, (int64_t)time(NULL), &ca, why)) {
	case WEIR_CA_NONE:
		(void)weir_say_error("there is no CA in %s yet; it is made "
				     "when it is first wanted, or now by weir "
				     "ca export",
				     p->dir);
		return 1;
	case WEIR_CA_BAD:
		return fail(why);
	case WEIR_CA_GOOD:
		break;
	}
	print_ca(&ca);
	if (fflush(stdout) || ferror(stdout))
		return fail("ca: the answer cannot be written");
	if (ca.warning[0])
		weir_say_lines(ca.warning);
	return 0;
}

static bool write_all(int fd, const uint8_t *at, size_t n)
{
	while (n) {
		ssize_t w = write(fd, at, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return false;
		at += w;
		n -= (size_t)w;
	}
	return true;
}

static int put(const char *file, const uint8_t *at, size_t n)
{
	bool to_stdout = !file || strcmp(file, "-") == 0, ok;
	int fd = to_stdout ? STDOUT_FILENO
			   : open(file,
				  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
					  O_NOCTTY,
				  0644);
	int err;

	ok = fd >= 0 && write_all(fd, at, n);
	err = errno;
	if (fd >= 0 && !to_stdout && close(fd) && ok) {
		err = errno;
		ok = false;
	}
	if (ok)
		return 0;
	(void)weir_say_error("%s: the certificate cannot be written there (%s)",
			     to_stdout ? "standard output" : file,
			     strerror(err));
	return 1;
}

/* the certificate; made with its key if there is none, which is closed again */
static bool get(const struct weir_ca_place *p, struct weir_ca *ca, char *why)
{
	int64_t now_s = (int64_t)time(NULL);

	switch (weir_ca_look(p, now_s, ca, why)) {
	case WEIR_CA_GOOD:
		return true;
	case WEIR_CA_BAD:
		return false;
	case WEIR_CA_NONE:
		break;
	}
	if (!weir_ca_open(p, now_s, ca, why))
		return false;
	weir_ca_close(ca);
	return true;
}

static int export(const struct weir_ca_place *p, const struct order *o)
{
	uint8_t bytes[2 * WEIR_CA_FILE_BYTES]; /* what was DER may become PEM */
	char why[WEIR_CA_WHY_BYTES];
	struct weir_ca ca;
	size_t n;

	if (o->der && (!o->file || strcmp(o->file, "-") == 0) &&
	    isatty(STDOUT_FILENO))
		return weir_say_error("ca export: a terminal cannot show DER; "
				      "name a file, or leave --der out");
	if (!get(p, &ca, why))
		return fail(why);
	if (o->der)
		n = weir_ca_build_der(&ca, bytes, sizeof(bytes));
	else
		n = weir_ca_build_pem(&ca, bytes, sizeof(bytes));
	if (!n)
		return fail("ca export: out of memory");
	if (ca.warning[0])
		weir_say_lines(ca.warning);
	return put(o->file, bytes, n);
}

/* 0: yes */
static int ask(const struct weir_ca_place *p)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO))
		return weir_say_error("ca rotate: guests that trust the old CA "
				      "will not trust the new one; say --yes "
				      "if that is meant");
	fprintf(stderr,
		"Guests that trust the CA in %s will not trust the new one "
		"until they are given it.\nMake a new one? [y/N] ",
		p->dir);
	if (fgets(answer, sizeof(answer), stdin) &&
	    (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0))
		return 0;
	return fail("ca rotate: nothing was changed");
}

static int rotate(const struct weir_ca_place *p, const struct order *o)
{
	char why[WEIR_CA_WHY_BYTES];
	int e = 0;

	if (!o->yes && p->dir[0])
		e = ask(p);
	if (e)
		return e;
	if (!weir_ca_rotate(p, (int64_t)time(NULL), why))
		return fail(why);
	return show(p);
}

_Static_assert(WEIR_CONFIG_WHY_BYTES <= WEIR_CA_WHY_BYTES, "room");

static int run(const struct order *o, struct weir_settings *s)
{
	struct weir_orders orders = { .settings = s };
	char why[WEIR_CA_WHY_BYTES];
	struct weir_ca_place p;

	if (o->config && !weir_config_load(o->config, &orders, s, why))
		return weir_say_error("%s", why);
	if (!weir_ca_find(s, &p, why))
		return weir_say_error("%s", why);
	if (strcmp(o->verb, "show") == 0)
		return show(&p);
	if (strcmp(o->verb, "export") == 0)
		return export(&p, o);
	return rotate(&p, o);
}

int weir_ca_main(int argc, char **argv)
{
	struct order o = { .verb = "" };
	struct weir_settings s;
	int r = read_words(&o, argc, argv);

	if (r)
		return r;
	if (o.help) {
		weir_ca_help();
		return 0;
	}
	weir_settings_init(&s);
	r = run(&o, &s);
	weir_settings_fini(&s);
	return r;
}
