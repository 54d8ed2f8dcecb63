#pragma once
/*
 * A directory of a test's own, gone when the test is.
 */

enum { SCRATCH_PATH = 256 };

/** Make it, private, below TMPDIR; aborts the test where it cannot. Returns out. */
char *scratch_make(char out[SCRATCH_PATH]);

/** Remove it with all that is in it. */
void scratch_remove(const char *dir);

/** dir/name in out, which has SCRATCH_PATH bytes. Returns out. */
char *scratch_path(const char *dir, const char *name, char out[SCRATCH_PATH]);
