/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_header.c - include/weir.h alone, for every compiler and language that
 *                 is here; skipped where there is none of a kind
 */
#include "../t.h"

#include <stdbool.h>

#define FLAGS                                                                  \
	" -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion "             \
	"-Iinclude -fsyntax-only "

/* the header twice, and its structs as a program writes them */
static const char program[] =
	"#include <weir.h>\n"
	"#include <weir.h>\n"
	"struct weir_frames_options a = { sizeof(a), 0, 0, 0 };\n"
	"struct weir_port_options b = { sizeof(b), WEIR_PORT_LOSSY, 0 };\n"
	"struct weir_device_options c = { sizeof(c), WEIR_CAN_ALL, 0 };\n"
	"char room[WEIR_PORT_ROOM == 65562 ? 1 : -1];\n"
	"int main(void) { return weir_port_fd(0); }\n";

static bool compiles(const char *compiler, const char *language)
{
	char line[512];
	FILE *p;

	(void)snprintf(line, sizeof(line), "command -v %s >/dev/null",
		       compiler);
	if (system(line) != 0) /* NOLINT(cert-env33-c) */
		skip();
	(void)snprintf(line, sizeof(line), "%s %s" FLAGS "-", compiler,
		       language);
	p = popen(line, "w"); /* NOLINT(cert-env33-c) */
	if (!p)
		return false;
	(void)fputs(program, p);
	return pclose(p) == 0;
}

static void gcc_takes_the_header_as_c(void **state)
{
	(void)state;
	CHECK(compiles("gcc", "-x c -std=c99 -Wstrict-prototypes"));
	CHECK(compiles("gcc", "-x c -std=c11"));
}

static void clang_takes_the_header_as_c(void **state)
{
	(void)state;
	CHECK(compiles("clang", "-x c -std=c99 -Wstrict-prototypes"));
	CHECK(compiles("clang", "-x c -std=c11"));
}

static void gcc_takes_the_header_as_cpp(void **state)
{
	(void)state;
	CHECK(compiles("g++", "-x c++ -std=c++11"));
	CHECK(compiles("g++", "-x c++ -std=c++20"));
}

static void clang_takes_the_header_as_cpp(void **state)
{
	(void)state;
	CHECK(compiles("clang++", "-x c++ -std=c++11"));
	CHECK(compiles("clang++", "-x c++ -std=c++20"));
}

T_MAIN(T(gcc_takes_the_header_as_c), T(clang_takes_the_header_as_c),
       T(gcc_takes_the_header_as_cpp), T(clang_takes_the_header_as_cpp))
