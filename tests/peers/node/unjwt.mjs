// https://github.com/sandros94/unjwt

import { generateJWK } from 'unjwt/jwk';
import {
  decrypt as decryptCompact, decryptMulti, encrypt as encryptCompact, encryptMulti,
  generalToFlattened,
} from 'unjwt/jwe';
import {
  generalToFlattenedJWS, sign as signCompact, signMulti, verify as verifyCompact, verifyMulti,
} from 'unjwt/jws';
import { octets, serve, unsupported } from './serve.mjs';

// It binds a key to the algorithm that the key names.
const keys = (request) => request.keys.map(({ alg, jwk }) => ({ ...jwk, alg }));

async function sign(request) {
  const all = keys(request);
  const payload = octets(request.payload);
  if (request.serialization === 'compact') {
    return { token: await signCompact(payload, all[0]) };
  }
  const general = await signMulti(payload, all.map((key) => ({ key })));
  const object = request.serialization === 'general' ? general : generalToFlattenedJWS(general);
  return { token: JSON.stringify(object) };
}

async function verify(request) {
  let verified;
  for (const key of keys(request)) {
    const options = { algorithms: [key.alg], forceUint8Array: true };
    verified = request.serialization === 'compact'
      ? await verifyCompact(request.token, key, options)
      : await verifyMulti(JSON.parse(request.token), key, options);
  }
  return { payload: verified.payload };
}

// Few rounds, because there is a token for each pair.
const P2C = 1000;

async function encrypt(request) {
  const all = keys(request);
  const { enc } = request;
  const plaintext = octets(request.payload);
  if (request.serialization === 'compact') {
    return { token: await encryptCompact(plaintext, all[0], { enc, p2c: P2C }) };
  }
  const recipients = all.map((key) => ({ key, ...(key.alg.startsWith('PBES2') && { p2c: P2C }) }));
  const general = await encryptMulti(plaintext, recipients, { enc });
  const object = request.serialization === 'general' ? general : generalToFlattened(general);
  return { token: JSON.stringify(object) };
}

async function decrypt(request) {
  let decrypted;
  for (const key of keys(request)) {
    const options = { algorithms: [key.alg], forceUint8Array: true, minIterations: P2C };
    decrypted = request.serialization === 'compact'
      ? await decryptCompact(request.token, key, options)
      : await decryptMulti(JSON.parse(request.token), key, options);
  }
  return { payload: decrypted.payload };
}

// It generates for an algorithm, and not for a curve.
const FOR = {
  oct: 'HS256',
  RSA: 'RS256',
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'Ed25519',
  X25519: 'ECDH-ES+A256KW',
};

async function generate({ kty, crv }) {
  const alg = FOR[crv ?? kty] ?? unsupported(`no key on ${crv}`);
  const options = crv === 'X25519' ? { namedCurve: 'X25519' } : {};
  const jwk = await generateJWK(alg, options);
  return { jwk: jwk.privateKey ?? jwk };
}

await serve('unjwt', { sign, verify, encrypt, decrypt, generate });
