#include "proof.h"

void prove_no_type(struct response *response, const struct lab_node *node) { (void)response, (void)node; }
void prove_no_name(struct response *response, const uint8_t *name, const struct lab_node *closest) { (void)response, (void)name, (void)closest; }
void prove_expansion(struct response *response, const uint8_t *name, const struct lab_node *closest) { (void)response, (void)name, (void)closest; }
void prove_no_wildcard_type(struct response *response, const uint8_t *name, const struct lab_node *closest, const struct lab_node *wildcard) { (void)response, (void)name, (void)closest, (void)wildcard; }
void prove_insecure(struct response *response, const struct lab_node *cut) { (void)response, (void)cut; }
struct lab_set *proof_nsec(struct lab_zone *zone, struct lab_node *node) { (void)zone; return node->denial; }
