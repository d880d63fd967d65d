// https://github.com/auth0/node-jsonwebtoken

import { createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto';
import jsonwebtoken from 'jsonwebtoken';
import { serve, unsupported } from './serve.mjs';

function only(request) {
  if (request.serialization !== 'compact') {
    unsupported('compact tokens alone');
  }
  const [{ alg, jwk }] = request.keys;
  if (jwk.kty === 'oct') {
    return { alg, key: createSecretKey(Buffer.from(jwk.k, 'base64url')) };
  }
  const create = jwk.d === undefined ? createPublicKey : createPrivateKey;
  return { alg, key: create({ key: jwk, format: 'jwk' }) };
}

function sign(request) {
  const { alg, key } = only(request);
  const claims = JSON.parse(Buffer.from(request.payload, 'base64url'));
  return { token: jsonwebtoken.sign(claims, key, { algorithm: alg, noTimestamp: true }) };
}

function verify(request) {
  const { alg, key } = only(request);
  const claims = jsonwebtoken.verify(request.token, key, { algorithms: [alg] });
  return { payload: JSON.stringify(claims) };
}

await serve('jsonwebtoken', { sign, verify });
