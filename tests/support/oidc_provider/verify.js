// Verifies a token with jose. Reads {jwks, token, issuer, audience} as JSON from stdin, and prints header and claims.
import { text } from "node:stream/consumers";
import { createLocalJWKSet, jwtVerify } from "jose";

const { jwks, token, issuer, audience } = JSON.parse(await text(process.stdin));
const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwks), { issuer, audience });
console.log(JSON.stringify({ header: protectedHeader, claims: payload }));
