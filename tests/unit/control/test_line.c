/* SPDX-License-Identifier: Apache-2.0 */
/* the command line (cmd/options.c), down to what control is told */
#include "cmd/options.h"

#include <fcntl.h>
#include <unistd.h>

#include "../t.h"

#define WORDS_MAX 64

/** struct line - a command line as it was understood */
struct line {
	struct weir_orders o;
	struct weir_settings s;
	bool help;
	int result;
	char said[4096]; /* on stderr */
	char words[1024];
	char *argv[WORDS_MAX];
};

/* words with single blanks between them; ~ stands for a blank inside one */
static int split(char *text, char **argv)
{
	int n = 0;

	while (text && *text) {
		char *word = strsep(&text, " ");

		CHECK(n < WORDS_MAX - 1);
		for (char *c = word; *c; c++)
			if (*c == '~')
				*c = ' ';
		argv[n++] = word;
	}
	argv[n] = NULL;
	return n;
}

/* read @l->argv, @argc words of it */
static void parse(struct line *l, enum weir_options_of of, int argc)
{
	FILE *f = tmpfile();
	int old = dup(STDERR_FILENO);
	size_t n;

	CHECK(f && old >= 0);
	weir_settings_init(&l->s);
	l->o.settings = &l->s;
	CHECK(dup2(fileno(f), STDERR_FILENO) >= 0);
	l->result = weir_options_parse(of, argc, l->argv, &l->o, &l->help);
	CHECK(dup2(old, STDERR_FILENO) >= 0);
	close(old);
	rewind(f);
	n = fread(l->said, 1, sizeof(l->said) - 1, f);
	l->said[n] = 0;
	fclose(f);
	CHECK_EQ(l->result != 0, n != 0); /* an error has its sentence */
}

static struct line *line(enum weir_options_of of, const char *words)
{
	struct line *l = calloc(1, sizeof(*l));

	CHECK(l && strlen(words) < sizeof(l->words));
	strcpy(l->words, words);
	parse(l, of, split(l->words, l->argv));
	return l;
}

static void end(struct line *l)
{
	weir_settings_fini(&l->s);
	free(l);
}

static const char *texts(const struct weir_settings_list *l, char *room,
			 size_t size)
{
	room[0] = 0;
	for (size_t i = 0; i < l->n; i++)
		snprintf(room + strlen(room), size - strlen(room), "%s%s@%s",
			 i ? " | " : "", l->at[i].text, l->at[i].where);
	return room;
}

static void rules_keep_the_order_among_all_three(void **state)
{
	struct line *l = line(WEIR_OPTIONS_RUN,
			      "--deny any:25 --allow a.example:443~b.example "
			      "--rule deny~in~any --allow=public true");
	char room[300];

	(void)state;
	CHECK_EQ(l->result, 0);
	CHECK(strcmp(texts(&l->s.line_rules, room, sizeof(room)),
		     "deny any:25@--deny | "
		     "allow a.example:443 b.example@--allow | "
		     "deny in any@--rule | allow public@--allow") == 0);
	CHECK_EQ(l->s.rules.n, 0);
	CHECK(strcmp(l->o.argv[0], "true") == 0);
	end(l);
}

static void net_is_made_of_words(void **state)
{
	static const struct {
		const char *words;
		uint32_t net;
	} row[] = {
		{ "--net public true", WEIR_SETTINGS_PUBLIC },
		{ "--net host,private true",
		  WEIR_SETTINGS_PRIVATE | WEIR_SETTINGS_HOST },
		{ "--net public,~host true",
		  WEIR_SETTINGS_PUBLIC | WEIR_SETTINGS_HOST },
		{ "--net=all true", WEIR_SETTINGS_ALL },
		{ "--net none true", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct line *l = line(WEIR_OPTIONS_RUN, row[i].words);

		CHECK_EQ(l->result, 0);
		CHECK(l->s.has_net);
		CHECK_EQ(l->s.net, row[i].net);
		end(l);
	}
}

static void switches_and_texts_reach_the_settings(void **state)
{
	struct line *l = line(WEIR_OPTIONS_SERVE,
			      "--netns 1 --multi-tenant --no-rebind-protection "
			      "--quic pin --log -");

	(void)state;
	CHECK_EQ(l->result, 0);
	CHECK(l->s.multi_tenant && l->s.no_rebind);
	CHECK(l->s.has_quic && l->s.quic_pin);
	CHECK(strcmp(l->s.log, "-") == 0);
	end(l);
	l = line(WEIR_OPTIONS_RUN, "--quic refuse true");
	CHECK(l->result == 0 && l->s.has_quic && !l->s.quic_pin);
	end(l);
}

static void check_takes_what_is_to_come_and_run_says_so(void **state)
{
	static const struct {
		const char *words, *said;
	} row[] = {
		{ "--secret A@a.example",
		  "weir: --secret: swapping secrets in is not there yet in "
		  "this version; weir check knows it\n" },
		{ "--metrics 127.0.0.1:9", "--metrics: " },
		{ "--capture x", "--capture: " },
		{ "--control x", "--control: " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char words[200];
		struct line *l = line(WEIR_OPTIONS_CHECK, row[i].words);

		if (l->result)
			fail_msg("%s: %s", row[i].words, l->said);
		end(l);
		snprintf(words, sizeof(words), "%s true", row[i].words);
		l = line(WEIR_OPTIONS_RUN, words);
		if (l->result != 2 || !strstr(l->said, row[i].said) ||
		    !strstr(l->said, "not there yet"))
			fail_msg("%s: %s", words, l->said);
		end(l);
		snprintf(words, sizeof(words), "--netns 1 %s", row[i].words);
		l = line(WEIR_OPTIONS_SERVE, words);
		CHECK_EQ(l->result, 2);
		end(l);
	}
}

static void values_of_what_is_to_come_are_kept(void **state)
{
	struct line *l = line(WEIR_OPTIONS_CHECK,
			      "--intercept 443,8000-8999 --secret "
			      "A@a.example,*.b.example --secret B@c.example");
	char room[300];

	(void)state;
	CHECK_EQ(l->result, 0);
	CHECK(strcmp(texts(&l->s.intercept, room, sizeof(room)),
		     "443@--intercept | 8000-8999@--intercept") == 0);
	CHECK_EQ(l->s.n_secrets, 2);
	CHECK(strcmp(l->s.secret[0].name, "A") == 0);
	CHECK(strcmp(l->s.secret[0].from, "env:A") == 0);
	CHECK(strcmp(texts(&l->s.secret[0].hosts, room, sizeof(room)),
		     "a.example@--secret | *.b.example@--secret") == 0);
	end(l);
}

static void a_question_may_stand_anywhere_among_its_facts(void **state)
{
	static const char *const words[] = {
		"--json --pin a=1.2.3.4 --shown a --host-address 9.9.9.9 out "
		"tcp 1.2.3.4:443",
		"out tcp 1.2.3.4:443 --json --pin a=1.2.3.4 --shown a "
		"--host-address 9.9.9.9",
		"--json out --pin a=1.2.3.4 tcp --shown=a 1.2.3.4:443 "
		"--host-address=9.9.9.9",
		"--json --pin a=1.2.3.4 --shown a --host-address 9.9.9.9 -- "
		"out tcp 1.2.3.4:443",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct line *l = line(WEIR_OPTIONS_CHECK, words[i]);
		const struct weir_orders_check *c = &l->o.check;

		if (l->result)
			fail_msg("%s: %s", words[i], l->said);
		CHECK(c->json && !c->strict && !c->shown_none);
		CHECK(c->n_pins == 1 && strcmp(c->pin[0], "a=1.2.3.4") == 0);
		CHECK(strcmp(c->shown, "a") == 0);
		CHECK(c->n_own == 1 && strcmp(c->own[0], "9.9.9.9") == 0);
		CHECK_EQ(c->n_words, 3);
		CHECK(strcmp(c->word[0], "out") == 0);
		CHECK(strcmp(c->word[1], "tcp") == 0);
		CHECK(strcmp(c->word[2], "1.2.3.4:443") == 0);
		end(l);
	}
}

static void check_has_lint_without_a_question(void **state)
{
	struct line *l = line(WEIR_OPTIONS_CHECK, "--strict --net public,host");

	(void)state;
	CHECK_EQ(l->result, 0);
	CHECK(l->o.check.strict);
	CHECK_EQ(l->o.check.n_words, 0);
	end(l);
}

static void wrong_words_are_refused_with_a_remedy(void **state)
{
	static const struct {
		enum weir_options_of of;
		const char *words, *said;
	} row[] = {
		{ WEIR_OPTIONS_RUN, "--alow x true", "did you mean --allow?" },
		{ WEIR_OPTIONS_RUN, "--allow", "--allow needs TARGET" },
		{ WEIR_OPTIONS_RUN, "--json true", "there is no option" },
		{ WEIR_OPTIONS_RUN, "--pin a=b true", "there is no option" },
		{ WEIR_OPTIONS_RUN, "--multi-tenant=1 true", "no value" },
		{ WEIR_OPTIONS_RUN, "--net internet true", "public, private" },
		{ WEIR_OPTIONS_RUN, "--net public,none true", "stand alone" },
		{ WEIR_OPTIONS_RUN, "--quic maybe true", "refuse or pin" },
		{ WEIR_OPTIONS_RUN, "--intercept 0 true", "ports are needed" },
		{ WEIR_OPTIONS_RUN, "--intercept 443, true", "ports are" },
		{ WEIR_OPTIONS_RUN, "--intercept 9-8 true", "ports are" },
		{ WEIR_OPTIONS_RUN, "--metrics 9090 true", "ADDR:PORT" },
		{ WEIR_OPTIONS_RUN, "--log= true", "a file, or -" },
		{ WEIR_OPTIONS_RUN, "--config= true", "a file" },
		{ WEIR_OPTIONS_RUN, "-c a -c b true", "there is one file" },
		{ WEIR_OPTIONS_RUN, "-c /nowhere/x true", "No such file" },
		{ WEIR_OPTIONS_RUN, "--bypass= true", "a name" },
		{ WEIR_OPTIONS_RUN, "--secret A true", "NAME@HOST" },
		{ WEIR_OPTIONS_RUN, "--secret A@ true", "NAME@HOST" },
		{ WEIR_OPTIONS_RUN, "--secret @a true", "NAME@HOST" },
		{ WEIR_OPTIONS_RUN, "--secret 1@a true", "NAME@HOST" },
		{ WEIR_OPTIONS_RUN, "--secret A@a, true", "NAME@HOST" },
		{ WEIR_OPTIONS_RUN, "--secret A@a,,b true", "NAME@HOST" },
		{ WEIR_OPTIONS_RUN, "--secret A@,a true", "NAME@HOST" },
		{ WEIR_OPTIONS_RUN, "--secret A@a --secret A@b true",
		  "there already" },
		{ WEIR_OPTIONS_RUN, "--dns tls://x true", "tls://NAME@ADDR" },
		{ WEIR_OPTIONS_RUN, "--allow public", "which command?" },
		{ WEIR_OPTIONS_SERVE, "--allow public", "which guest?" },
		{ WEIR_OPTIONS_SERVE, "--netns 1 x", "what is x?" },
		{ WEIR_OPTIONS_CHECK, "--netns 1", "there is no option" },
		{ WEIR_OPTIONS_CHECK, "--root", "there is no option" },
		{ WEIR_OPTIONS_CHECK, "--shown a --shown b", "one name" },
		{ WEIR_OPTIONS_CHECK, "--shown a --shown-none", "keep one" },
		{ WEIR_OPTIONS_CHECK, "--shown-none --shown a", "keep one" },
		{ WEIR_OPTIONS_CHECK, "out tcp 1.1.1.1:1 --pin", "needs NAME" },
		{ WEIR_OPTIONS_CHECK, "1 2 3 4 5 6 7 8 9", "so many words" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct line *l = line(row[i].of, row[i].words);

		if (l->result != 2 || !strstr(l->said, row[i].said))
			fail_msg("%s: %d %s", row[i].words, l->result, l->said);
		end(l);
	}
}

static void a_secret_given_by_mistake_is_not_repeated(void **state)
{
	struct line *l = line(WEIR_OPTIONS_RUN, "--secret sk-live-1@a true");

	(void)state;
	CHECK(l->result == 2 && !strstr(l->said, "sk-live"));
	end(l);
}

static void without_settings_policy_is_refused(void **state)
{
	static const struct weir_orders zero;
	char allow[] = "--allow x true", net[] = "--net host true";
	int null = open("/dev/null", O_WRONLY), old = dup(STDERR_FILENO);
	struct weir_orders o = zero;
	char *argv[WORDS_MAX];
	bool help;

	(void)state;
	CHECK(null >= 0 && dup2(null, STDERR_FILENO) >= 0);
	CHECK_EQ(weir_options_parse(WEIR_OPTIONS_RUN, split(allow, argv), argv,
				    &o, &help),
		 2);
	CHECK_EQ(weir_options_parse(WEIR_OPTIONS_RUN, split(net, argv), argv,
				    &o, &help),
		 2);
	CHECK(dup2(old, STDERR_FILENO) >= 0);
	close(null);
	close(old);
}

static void help_counts_alone(void **state)
{
	struct line *l = line(WEIR_OPTIONS_RUN, "--intercept 443 --help");

	(void)state;
	CHECK(l->result == 0 && l->help);
	end(l);
}

/* a file with @text; then @words, %s in them its path, are read */
static struct line *with_file(enum weir_options_of of, const char *text,
			      const char *words, char path[64])
{
	const char *at = strstr(words, "%s");
	char all[512];
	int fd;

	strcpy(path, "/tmp/weir-line-XXXXXX");
	fd = mkstemp(path);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	snprintf(all, sizeof(all), "%.*s%s%s", (int)(at - words), words, path,
		 at + 2);
	return line(of, all);
}

static void the_file_comes_behind_all_options(void **state)
{
	char path[64], room[300];
	struct line *l = with_file(
		WEIR_OPTIONS_RUN,
		"{net: public, rules: ['deny tcp any:25'], interface: {mtu: "
		"1500}, limits: {flows: 9}}",
		"-c %s --net none --deny any:26 --mtu 1400 true", path);

	(void)state;
	CHECK_EQ(l->result, 0);
	CHECK(l->s.has_net && l->s.net == 0);
	CHECK_EQ(l->o.mtu, 1400);
	CHECK_EQ(l->o.max_flows, 9);
	CHECK(strcmp(l->s.config, path) == 0);
	CHECK(strcmp(l->s.dir, "/tmp") == 0);
	CHECK(strcmp(texts(&l->s.line_rules, room, sizeof(room)),
		     "deny any:26@--deny") == 0);
	CHECK_EQ(l->s.rules.n, 1);
	end(l);
	unlink(path);
}

static void the_same_words_are_read_again_after_the_file_changed(void **state)
{
	char path[64], words[1024];
	struct line *one =
		with_file(WEIR_OPTIONS_RUN,
			  "{rules: [deny any], dns: {search: [one]}}",
			  "--config %s --allow a.example --search lab true",
			  path);
	struct line *two = calloc(1, sizeof(*two));
	int fd = open(path, O_WRONLY | O_TRUNC);

	(void)state;
	CHECK(one->result == 0 && two && fd >= 0);
	CHECK(dprintf(fd, "{rules: [allow b.example], dns: {search: [two]}}") >
	      0);
	close(fd);
	memcpy(words, one->words, sizeof(words));
	memcpy(two->argv, one->argv, sizeof(two->argv));
	parse(two, WEIR_OPTIONS_RUN, 7);
	CHECK_EQ(two->result, 0);
	CHECK(memcmp(words, one->words, sizeof(words)) == 0);
	CHECK(memcmp(one->argv, two->argv, sizeof(two->argv)) == 0);
	CHECK(strcmp(one->s.rules.at[0].text, "deny any") == 0);
	CHECK(strcmp(two->s.rules.at[0].text, "allow b.example") == 0);
	CHECK(one->s.line_rules.n == 1 && two->s.line_rules.n == 1);
	CHECK(one->o.n_search == 2 && two->o.n_search == 2);
	CHECK(strcmp(one->o.search[0], "lab") == 0);
	CHECK(strcmp(one->o.search[1], "one") == 0);
	CHECK(strcmp(two->o.search[1], "two") == 0);
	end(two);
	end(one);
	unlink(path);
}

static void a_file_that_says_what_is_to_come_is_for_check_alone(void **state)
{
	static const char text[] = "net: public\ntls: {reflection: pass}\n";
	char path[64];
	struct line *l = with_file(WEIR_OPTIONS_RUN, text, "-c %s true", path);

	(void)state;
	CHECK_EQ(l->result, 2);
	CHECK(strstr(l->said,
		     ":2:19: the search for reflected secrets is not there "
		     "yet in this version; weir check knows it\n"));
	end(l);
	unlink(path);
	l = with_file(WEIR_OPTIONS_CHECK, text, "-c %s", path);
	CHECK_EQ(l->result, 0);
	end(l);
	unlink(path);
}

static void help_shows_what_can_be_used(void **state)
{
	static const struct {
		enum weir_options_of of;
		const char *there, *absent;
	} row[] = {
		{ WEIR_OPTIONS_RUN, "--insecure NAME", "--capture" },
		{ WEIR_OPTIONS_RUN, "-c, --config FILE", "--pin" },
		{ WEIR_OPTIONS_SERVE, "--quic refuse|pin", "--secret" },
		{ WEIR_OPTIONS_CHECK, "--pin NAME=ADDR", "--netns" },
		{ WEIR_OPTIONS_CHECK, "--insecure NAME", "--root" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char *text = NULL;
		size_t len = 0;
		FILE *f = open_memstream(&text, &len);

		CHECK(f);
		weir_options_print(row[i].of, f);
		fclose(f);
		if (!strstr(text, row[i].there) || strstr(text, row[i].absent))
			fail_msg("row %zu:\n%s", i, text);
		free(text);
	}
}

T_MAIN(T(rules_keep_the_order_among_all_three), T(net_is_made_of_words),
       T(switches_and_texts_reach_the_settings),
       T(check_takes_what_is_to_come_and_run_says_so),
       T(values_of_what_is_to_come_are_kept),
       T(a_question_may_stand_anywhere_among_its_facts),
       T(check_has_lint_without_a_question),
       T(wrong_words_are_refused_with_a_remedy),
       T(a_secret_given_by_mistake_is_not_repeated),
       T(without_settings_policy_is_refused), T(help_counts_alone),
       T(the_file_comes_behind_all_options),
       T(the_same_words_are_read_again_after_the_file_changed),
       T(a_file_that_says_what_is_to_come_is_for_check_alone),
       T(help_shows_what_can_be_used))
