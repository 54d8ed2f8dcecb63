"""What is asked: names that are in the zones, names made from these, and types, drawn by lot."""
import random

import dns.exception
import dns.name

# Types by how often they are drawn. Beside them, the types that the name has.
TYPES = """A A A A A AAAA AAAA MX TXT NS NS SOA DS DS DNSKEY HTTPS SVCB PTR CNAME CNAME DNAME SRV CAA TLSA NSEC
    NSEC3PARAM RRSIG ANY NAPTR SSHFP LOC URI HINFO TYPE65280 TYPE65281 SPF""".split()
OWN_TYPE_PERCENT = 40
LABELS = ("nowhere", "0", "zz", "*", "www", "a.b", "_tcp", "x.y.z", "xn--bcher-kva")
SKIPPED = ("RRSIG", "NSEC3")


def owners(path):
    """The names of a zone file with the types of each; names of NSEC3 records are left out."""
    found = {}
    with open(path, encoding="latin-1") as file:
        for line in file:
            fields = line.split()
            if len(fields) < 5 or fields[2] != "IN" or line[0] in "; \t":
                continue
            if fields[3] not in SKIPPED:
                found.setdefault(fields[0].lower(), set()).add(fields[3])
    return found


def near(dice, name):
    """Another name, made from one that is there: below it, above it, beside it."""
    parent = name.partition(".")[2] or "."
    label = dice.choice(LABELS)
    return dice.choice((f"{label}.{name}", f"{label}.{parent}", f"{label}.{label}.{name}", parent)).replace("..", ".")


def draw(zone_files, count, seed):
    """So many different questions (name, type) about these zones; the same ones for the same seed."""
    dice = random.Random(seed)
    names = [item for path in sorted(zone_files) for item in sorted(owners(path).items())]
    questions = set()
    while len(questions) < count:
        name, types = dice.choice(names)
        kind = dice.choice(TYPES)
        if dice.randrange(100) < OWN_TYPE_PERCENT:
            kind = dice.choice(sorted(types))
        elif dice.randrange(100) < 50:
            name = near(dice, name)
        if is_name(name):
            questions.add((name, kind))
    return sorted(sorted(questions), key=lambda question: dice.random())


def is_name(text):
    """Whether it is short enough."""
    try:
        dns.name.from_text(text)
        return True
    except dns.exception.DNSException:
        return False
