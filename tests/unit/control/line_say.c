/* SPDX-License-Identifier: Apache-2.0 */
/* line_say.c - cmd/say.c, for test_line.c: cmd is no floor with tests of its own */
#include "cmd/say.c"
