#pragma once
/*
 * What `cairn` says about itself, made from commands.def, trace.def and metrics.def.
 */
#include <stdio.h>

/** --help: each command and flag with its sentence. */
void help_print(FILE *file);

/** --print-man: the manual page cairn(1) in roff. */
void help_print_man(FILE *file);
