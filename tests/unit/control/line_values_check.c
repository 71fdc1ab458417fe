/* SPDX-License-Identifier: Apache-2.0 */
/* line_values_check.c - cmd/values_check.c, for test_line.c: cmd is no floor with tests of its own */
#include "cmd/values_check.c"
