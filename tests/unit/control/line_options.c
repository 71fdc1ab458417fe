/* SPDX-License-Identifier: Apache-2.0 */
/* line_options.c - cmd/options.c, for test_line.c: cmd is no floor with tests of its own */
#include "cmd/options.c"
