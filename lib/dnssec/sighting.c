#include "dnssec/sighting.h"

#include "dnssec/keys.h"

void sighting_write(struct writer *writer, const struct sighting *sighting)
{
        write_bytes(writer, sighting->zone.wire, sighting->zone.len);
        write_u8(writer, sighting->proven);
        write_u32(writer, sighting->ttl_s);
        write_u32(writer, sighting->validity_s);
        write_u8(writer, (uint8_t)sighting->count);
        for (unsigned i = 0; i < sighting->count; i++) {
                write_u8(writer, sighting->key[i].self_signed);
                write_u16(writer, sighting->key[i].dnskey.len);
                write_bytes(writer, sighting->key[i].dnskey.bytes, sighting->key[i].dnskey.len);
        }
}

enum err sighting_read(struct reader *reader, struct sighting *out)
{
        enum err err = name_read(reader, &out->zone);

        if (err)
                return err;
        out->proven = read_u8(reader);
        out->ttl_s = read_u32(reader);
        out->validity_s = read_u32(reader);
        out->count = read_u8(reader);
        if (out->count > SIGHTING_KEYS_MAX)
                return ERR_LIMIT;
        for (unsigned i = 0; i < out->count; i++) {
                out->key[i].self_signed = read_u8(reader);
                out->key[i].dnskey.len = read_u16(reader);
                out->key[i].dnskey.bytes = read_bytes(reader, out->key[i].dnskey.len);
                if (!out->key[i].dnskey.bytes || out->key[i].dnskey.len <= DNSKEY_HEAD_LEN)
                        return ERR_SHORT;
        }
        return reader->failed ? ERR_SHORT : ERR_OK;
}
