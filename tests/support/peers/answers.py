"""One question put to one resolver, and what of the answer is compared."""
import collections
import socket

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

# Stubs ask again after five seconds; after twenty, everybody has given up.
PATIENCE_S = 5
ATTEMPTS = 4

SILENCE = "silence"

# How a question is asked: as validating stubs do, as dig does, and without validation.
MANNERS = ("do", "do", "do", "plain", "cd")

Question = collections.namedtuple("Question", "name type manner")
Answer = collections.namedtuple("Answer", "rcode ad data why")


def query_for(question):
    """The message that is sent."""
    query = dns.message.make_query(question.name, question.type, use_edns=0, payload=1232,
                                   want_dnssec=question.manner != "plain")
    if question.manner == "plain":
        query.flags |= dns.flags.AD
    if question.manner == "cd":
        query.flags |= dns.flags.CD
    return query


def records_of(message):
    """The answer section without times to live, order, letter case and signatures."""
    return frozenset((str(rrset.name).lower(), dns.rdatatype.to_text(rrset.rdtype), rdata.to_digestable())
                     for rrset in message.answer if rrset.rdtype != dns.rdatatype.RRSIG for rdata in rrset)


def reasons_of(message):
    """What extended errors say."""
    return "; ".join(f"{int(option.code)} {option.text or ''}".strip() for option in message.options
                     if option.otype == dns.edns.OptionType.EDE)


def compared(question, message):
    """What of an answer counts.

    A failure has no data, whatever is sent with it. Where a client asks for no validation (CD), some set AD if they
    happen to have validated before. RFC 8482 leaves to each what to answer to ANY, and signatures are not signed.
    """
    rcode = dns.rcode.to_text(message.rcode())
    if question.type in ("ANY", "RRSIG") or rcode not in ("NOERROR", "NXDOMAIN", "YXDOMAIN"):
        return Answer(rcode, False, frozenset(), reasons_of(message))
    ad = bool(message.flags & dns.flags.AD) and question.manner != "cd"
    return Answer(rcode, ad, records_of(message), reasons_of(message))


def exchange(query, tcp, where):
    """Ask. Over UDP, some do not even look for what they answer to ANY (RFC 8482)."""
    if tcp:
        return dns.query.tcp(query, "127.0.0.1", **where)
    return dns.query.udp_with_fallback(query, "127.0.0.1", ignore_unexpected=True, **where)[0]


def ask(port, question):
    """The answer of the resolver at this port."""
    for _ in range(ATTEMPTS):
        try:
            message = exchange(query_for(question), question.type == "ANY", {"port": port, "timeout": PATIENCE_S})
            return compared(question, message)
        except (dns.exception.Timeout, socket.error, EOFError):
            pass
        except dns.exception.DNSException as error:
            return Answer("unreadable", False, frozenset(), repr(error))
    return Answer(SILENCE, False, frozenset(), "")
