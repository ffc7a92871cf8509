"""Checks vectors.json with nothing of slogship's: python3 verify.py

Written from FORMAT.md. HKDF is RFC 5869, AES FIPS 197, GCM NIST SP 800-38D, all of
them here in the plainest form, over hmac and hashlib of the standard library.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import uuid


def hkdf(secret, salt, info, size):
    prk = hmac.new(salt, secret, hashlib.sha256).digest()
    out, t, i = b"", b"", 1
    while len(out) < size:
        t = hmac.new(prk, t + info + bytes([i]), hashlib.sha256).digest()
        out, i = out + t, i + 1
    return out[:size]


def xtime(a):
    return ((a << 1) ^ 0x11B) & 0xFF if a & 0x80 else a << 1


def gmul(a, b):
    r = 0
    while b:
        if b & 1:
            r ^= a
        a, b = xtime(a), b >> 1
    return r


def make_sbox():
    box = []
    for x in range(256):
        inv = next((y for y in range(256) if gmul(x, y) == 1), 0)
        r = 0
        for i in range(8):
            bit = (inv >> i) ^ (inv >> ((i + 4) % 8)) ^ (inv >> ((i + 5) % 8)) ^ (inv >> ((i + 6) % 8)) ^ (inv >> ((i + 7) % 8))
            r |= ((bit ^ (0x63 >> i)) & 1) << i
        box.append(r)
    return box


SBOX = make_sbox()


def expand(key):
    words, rcon = [list(key[i : i + 4]) for i in range(0, 32, 4)], 1
    for i in range(8, 60):
        w = words[-1]
        if i % 8 == 0:
            w = [SBOX[b] for b in w[1:] + w[:1]]
            w[0] ^= rcon
            rcon = xtime(rcon)
        elif i % 8 == 4:
            w = [SBOX[b] for b in w]
        words.append([a ^ b for a, b in zip(words[i - 8], w)])
    return [sum(words[i : i + 4], []) for i in range(0, 60, 4)]


def aes(keys, block):
    s = [a ^ b for a, b in zip(block, keys[0])]
    for n in range(1, 15):
        s = [SBOX[s[(i + 4 * (i % 4)) % 16]] for i in range(16)]  # bytes, then rows
        if n < 14:
            mixed = []
            for c in range(0, 16, 4):
                a = s[c : c + 4]
                for i in range(4):
                    mixed.append(gmul(a[i], 2) ^ gmul(a[(i + 1) % 4], 3) ^ a[(i + 2) % 4] ^ a[(i + 3) % 4])
            s = mixed
        s = [a ^ b for a, b in zip(s, keys[n])]
    return bytes(s)


def ghash(h, data):
    y = 0
    for i in range(0, len(data), 16):
        x, z, v = y ^ int.from_bytes(data[i : i + 16], "big"), 0, h
        for bit in range(127, -1, -1):
            if x >> bit & 1:
                z ^= v
            v = (v >> 1) ^ (0xE1 << 120) if v & 1 else v >> 1
        y = z
    return y


def pad(b):
    return b + bytes(-len(b) % 16)


def gcm_open(key, nonce, aad, box):
    keys, text, tag = expand(key), box[:-16], box[-16:]
    h = int.from_bytes(aes(keys, bytes(16)), "big")
    lengths = (len(aad) * 8).to_bytes(8, "big") + (len(text) * 8).to_bytes(8, "big")
    s = ghash(h, pad(aad) + pad(text) + lengths).to_bytes(16, "big")
    if not hmac.compare_digest(tag, bytes(a ^ b for a, b in zip(s, aes(keys, nonce + b"\0\0\0\1")))):
        raise ValueError("tampered")
    out = b""
    for i in range(0, len(text), 16):
        pad_block = aes(keys, nonce + (i // 16 + 2).to_bytes(4, "big"))
        out += bytes(a ^ b for a, b in zip(text[i : i + 16], pad_block))
    return out


def unbase64(text):
    if not all(c.isascii() and (c.isalnum() or c in "-_") for c in text) or len(text) % 4 == 1:
        raise ValueError("tampered")
    b = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(b).rstrip(b"=").decode() != text:
        raise ValueError("tampered")  # not the one text of these bytes
    return b


def open_token(v):
    token = v["token"]
    if not token.startswith("slogseal1."):
        digits = token[8:].split(".")[0]
        raise ValueError("version" if token.startswith("slogseal") and digits.isdigit() else "not-token")
    if not token.endswith("~") or token.count(".") != 3:
        raise ValueError("truncated")
    _, key_id, head64, body64 = token[:-1].split(".")
    head, body = unbase64(head64), unbase64(body64)
    kind, salt, commitment, wrapped = head[0], head[1:17], head[17:49], head[49:]
    secret = bytes.fromhex(v["data_key"] if kind == 2 else v["key"])
    if kind == 2 and wrapped != bytes.fromhex(v["wrapped"]):
        raise ValueError("tampered")
    if key_id != v["key_id"]:
        raise ValueError("unknown-key")
    derived = hkdf(secret, salt, b"slogship sealed value v1 " + key_id.encode(), 64)
    if not hmac.compare_digest(derived[32:], commitment):
        raise ValueError("wrong-key")
    record, at = body[:16], 17
    service = body[at : at + body[16]]
    at += len(service)
    size = int.from_bytes(body[at : at + 2], "big")
    path = body[at + 2 : at + 2 + size]
    at += 2 + size
    aad = token[: len(token) - len(body64) - 1].encode() + body[:at]
    plain = gcm_open(derived[:32], body[at : at + 12], aad, body[at + 12 :])
    return plain, record, service.decode(), path.decode()


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    vectors = json.load(open(os.path.join(here, "vectors.json"), encoding="utf-8"))
    failed = 0
    for v in vectors:
        try:
            plain, record, service, path = open_token(v)
            ok = (plain.hex(), str(uuid.UUID(bytes=record))) == (v.get("plain"), v.get("record"))
            ok = ok and (service, path) == (v.get("service", ""), v.get("path", ""))
        except ValueError as err:
            ok = str(err) == v.get("error")
        if not ok:
            failed += 1
            print("FAILED:", v["name"])
    print(len(vectors), "vectors,", failed, "failed")
    return failed > 0


sys.exit(main())
