// Bob's side, for a page and for a program on Node.js alike: `jose` is the npm package of that name, and `ask` a
// `fetch` of paths of the service.

const alg = 'ECDH-ES+A256KW';
const enc = 'A256GCM';

// A key pair. Only the public half can be taken out of the private one's CryptoKey.
export async function generate(jose) {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg, { crv: 'P-256' });
  const jwk = await jose.exportJWK(publicKey);
  const kid = await jose.calculateJwkThumbprint(jwk);
  return { privateKey, jwk: { ...jwk, kid, alg, use: 'enc' } };
}

// The keys of Alice's devices. Their names are their thumbprints, and are computed here: what a server says is the name
// of a key is not what two people compare.
export async function devices(jose, ask) {
  const { keys } = await (await ask('/keys')).json();
  const computed = async (jwk) => ({ ...jwk, kid: await jose.calculateJwkThumbprint(jwk) });
  return Promise.all(keys.map(computed));
}

// One message for all of `keys`: encrypted once, and its key once for each.
export async function seal(jose, keys, message) {
  const text = new TextEncoder().encode(JSON.stringify(message));
  const jwe = new jose.GeneralEncrypt(text).setProtectedHeader({ enc });
  for (const jwk of keys) {
    const key = await jose.importJWK(jwk, alg);
    jwe.addRecipient(key).setUnprotectedHeader({ alg, kid: jwk.kid });
  }
  return jwe.encrypt();
}

// What is in a message for this key.
export async function open(jose, key, jwe) {
  const options = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc] };
  const { plaintext } = await jose.generalDecrypt(jwe, key, options);
  return new TextDecoder().decode(plaintext);
}

// Writes to Alice, and reads her answer.
export async function exchange(jose, ask, bob, text) {
  const message = { text, reply_to: { keys: [bob.jwk] } };
  const sent = await seal(jose, await devices(jose, ask), message);
  const answer = await ask('/messages', { method: 'POST', body: JSON.stringify(sent) });
  if (!answer.ok) throw new Error(`the service answers ${answer.status}`);
  const received = await answer.json();
  return { sent, received, read: await open(jose, bob.privateKey, received) };
}
