/* SPDX-License-Identifier: Apache-2.0 */
/* run.h - `weir run` */
#ifndef WEIR_CMD_RUN_H
#define WEIR_CMD_RUN_H

/** weir_run_main() - @argv without `weir run`; Return: the exit code */
int weir_run_main(int argc, char **argv);

/** weir_run_help() - what it does, its options, examples; on stdout */
void weir_run_help(void);

#endif /* WEIR_CMD_RUN_H */
