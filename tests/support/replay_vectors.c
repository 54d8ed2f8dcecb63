/*
 * Run a fuzz target without a fuzzer: over the findings kept in tests/vectors, and over a few plain inputs.
 *
 * With libFuzzer only clang can look for trouble; linked with this main() every compiler and sanitizer checks that what
 * was found once stays mended.
 *
 *   fuzz_message DIR...    each regular file in each DIR is one input; a DIR that is missing holds none
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { INPUT_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/*
 * The target gets an allocation of just this length, so that a sanitizer sees the first byte read beyond it.
 */
static void replay_bytes(const uint8_t *bytes, size_t len)
{
        uint8_t *copy = malloc(len ? len : 1);

        if (!copy)
                abort();
        if (len)
                memcpy(copy, bytes, len);
        LLVMFuzzerTestOneInput(copy, len);
        free(copy);
}

/* Inputs that every parser meets first: nothing, one byte, a header's length, a whole datagram of one value. */
static unsigned replay_plain(uint8_t *scratch)
{
        static const size_t lengths[] = {0, 1, 2, 11, 12, 13, 512, 4096, 65535};
        static const uint8_t fillings[] = {0x00, 0x01, 0x3f, 0xc0, 0xff, 'a', '.', '\n'};
        unsigned count = 0;

        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
                for (size_t k = 0; k < sizeof(fillings); k++) {
                        memset(scratch, fillings[k], lengths[i]);
                        replay_bytes(scratch, lengths[i]);
                        count++;
                }
        }
        return count;
}

static bool replay_file(const char *path, uint8_t *scratch)
{
        FILE *file = fopen(path, "rb");
        size_t len;

        if (!file) {
                perror(path);
                return false;
        }
        len = fread(scratch, 1, INPUT_MAX, file);
        fclose(file);
        printf("%s\n", path);
        fflush(stdout); /* The last line names the input that ended the program. */
        replay_bytes(scratch, len);
        return true;
}

/* How many files of the directory were run, or -1 if one cannot be read. */
static int replay_directory(const char *path, uint8_t *scratch)
{
        DIR *dir = opendir(path);
        struct dirent *entry;
        int count = 0;

        if (!dir)
                return 0;
        while (count >= 0 && (entry = readdir(dir))) {
                char file[4096];
                struct stat status;

                snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
                if (stat(file, &status) < 0 || !S_ISREG(status.st_mode))
                        continue;
                count = replay_file(file, scratch) ? count + 1 : -1;
        }
        closedir(dir);
        return count;
}

int main(int argc, char **argv)
{
        uint8_t *scratch = malloc(INPUT_MAX);
        unsigned count;

        if (!scratch)
                return 1;
        count = replay_plain(scratch);
        for (int i = 1; i < argc; i++) {
                int files = replay_directory(argv[i], scratch);

                if (files < 0) {
                        free(scratch);
                        return 1;
                }
                count += (unsigned)files;
        }
        free(scratch);
        printf("%u inputs\n", count);
        return 0;
}
