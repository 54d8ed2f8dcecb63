#include "dnssec/check.h"

#include "dnssec/crypto.h"
#include <stdlib.h>

bool check_run(const struct check *check)
{
        return crypto_verify(check->key, check->data, check->data_len, check->signature, check->signature_len);
}

void check_free(struct check *check)
{
        if (!check)
                return;
        crypto_key_release(check->key);
        free(check->data);
        free(check->signature);
        free(check);
}
