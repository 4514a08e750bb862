"""Answers one JSON request a line: {"verify": ...} with the claims, {"sign": ...} with a token, or the refusal's name."""

import base64
import json
import sys

import jwt
from jwt.algorithms import OKPAlgorithm

# RFC 9864 gave EdDSA with Ed25519 a name of its own; PyJWT has the algorithm, older ones under the old name only.
if "Ed25519" not in jwt.api_jws._jws_global_obj.get_algorithms():
    jwt.register_algorithm("Ed25519", OKPAlgorithm())


def key_of(jwk):
    if jwk["kty"] == "OKP":
        return jwt.PyJWK({name: value for name, value in jwk.items() if name != "alg"}).key
    return jwt.PyJWK(jwk).key


def verify(token, alg, issuer, audience, jwks=None, secret=None):
    if secret is not None:
        key = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    else:
        kid = jwt.get_unverified_header(token)["kid"]
        key = next(key_of(jwk) for jwk in jwks["keys"] if jwk["kid"] == kid)
    return jwt.decode(token, key, algorithms=[alg], issuer=issuer, audience=audience, options={"require": ["exp", "iss", "aud"]})


def sign(claims, jwk, alg, header):
    return jwt.encode(claims, key_of(jwk), algorithm=alg, headers=header)


for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = {"ok": verify(**request["verify"]) if "verify" in request else sign(**request["sign"])}
    except Exception as error:
        answer = {"refused": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
