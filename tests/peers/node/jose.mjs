// https://github.com/panva/jose

import * as jose from 'jose';
import { octets, serve, unsupported } from './serve.mjs';

// It takes the octets of a shared key, and CryptoKey for all others.
async function keys(request) {
  const read = async ({ alg, jwk }) => ({ alg, kid: jwk.kid, key: await jose.importJWK(jwk, alg) });
  return Promise.all(request.keys.map(read));
}

const text = (object) => ({ token: JSON.stringify(object) });

async function sign(request) {
  const all = await keys(request);
  const [{ alg, kid, key }] = all;
  const payload = octets(request.payload);
  const header = { alg, ...(kid && { kid }) };
  switch (request.serialization) {
    case 'compact':
      return { token: await new jose.CompactSign(payload).setProtectedHeader(header).sign(key) };
    case 'flattened':
      return text(await new jose.FlattenedSign(payload).setProtectedHeader(header).sign(key));
    case 'general': {
      const jws = new jose.GeneralSign(payload);
      for (const { alg, kid, key } of all) {
        jws.addSignature(key).setProtectedHeader({ alg, ...(kid && { kid }) });
      }
      return text(await jws.sign());
    }
  }
}

async function verify(request) {
  let verified;
  // Each key by itself, so that each signature is verified.
  for (const { alg, key } of await keys(request)) {
    const options = { algorithms: [alg] };
    const { token } = request;
    switch (request.serialization) {
      case 'compact':
        verified = await jose.compactVerify(token, key, options);
        break;
      case 'flattened':
        verified = await jose.flattenedVerify(JSON.parse(token), key, options);
        break;
      case 'general':
        verified = await jose.generalVerify(JSON.parse(token), key, options);
    }
  }
  return { payload: verified.payload };
}

// Few rounds, because there is a token for each pair.
const rounds = (alg) => (alg.startsWith('PBES2') ? { p2c: 1000 } : {});

async function encrypt(request) {
  const all = await keys(request);
  const [{ alg, key }] = all;
  const { enc } = request;
  const plaintext = octets(request.payload);
  switch (request.serialization) {
    case 'compact': {
      const jwe = new jose.CompactEncrypt(plaintext).setProtectedHeader({ alg, enc });
      return { token: await jwe.setKeyManagementParameters(rounds(alg)).encrypt(key) };
    }
    case 'flattened': {
      const jwe = new jose.FlattenedEncrypt(plaintext).setProtectedHeader({ alg, enc });
      return text(await jwe.setKeyManagementParameters(rounds(alg)).encrypt(key));
    }
    case 'general': {
      const jwe = new jose.GeneralEncrypt(plaintext).setProtectedHeader({ enc });
      for (const { alg, kid, key } of all) {
        const recipient = jwe.addRecipient(key).setUnprotectedHeader({ alg, ...(kid && { kid }) });
        recipient.setKeyManagementParameters(rounds(alg));
      }
      return text(await jwe.encrypt());
    }
  }
}

async function decrypt(request) {
  let decrypted;
  for (const { alg, key } of await keys(request)) {
    const options = { keyManagementAlgorithms: [alg] };
    const { token } = request;
    switch (request.serialization) {
      case 'compact':
        decrypted = await jose.compactDecrypt(token, key, options);
        break;
      case 'flattened':
        decrypted = await jose.flattenedDecrypt(JSON.parse(token), key, options);
        break;
      case 'general':
        decrypted = await jose.generalDecrypt(JSON.parse(token), key, options);
    }
  }
  return { payload: decrypted.plaintext };
}

// It generates for an algorithm, and not for a curve.
const FOR = {
  RSA: 'RS256',
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'Ed25519',
  X25519: 'ECDH-ES',
};

async function generate({ kty, crv }) {
  const extractable = true;
  if (kty === 'oct') {
    return { jwk: await jose.exportJWK(await jose.generateSecret('HS256', { extractable })) };
  }
  const alg = FOR[crv ?? kty] ?? unsupported(`no key on ${crv}`);
  const { privateKey } = await jose.generateKeyPair(alg, { crv, extractable });
  return { jwk: await jose.exportJWK(privateKey) };
}

async function thumbprint({ jwk }) {
  return { thumbprint: await jose.calculateJwkThumbprint(jwk, 'sha256') };
}

await serve('jose', { sign, verify, encrypt, decrypt, generate, thumbprint });
