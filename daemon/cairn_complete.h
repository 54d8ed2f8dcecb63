#pragma once
/*
 * Completion of the command line of cairn for shells, from the rows of commands.def.
 */
#include <stdbool.h>
#include <stdio.h>

/** For "bash" or "zsh"; false: neither. */
bool complete_print(const char *shell, FILE *file);
