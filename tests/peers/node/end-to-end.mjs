// Bob of the example end-to-end, on Node.js: what its page does, by the script that its page gets, and what a page
// should not be able to do. The argument is where the example listens.

import * as jose from 'jose';

const [base] = process.argv.slice(2);
const ask = (path, options) => fetch(base + path, options);
const script = await (await ask('/exchange.js')).text();
const url = `data:text/javascript;base64,${Buffer.from(script).toString('base64')}`;
const { devices, exchange, generate, open } = await import(url);

const [bob, eve] = [await generate(jose), await generate(jose)];
const text = 'at noon, by the river – “42”';
const { sent, received, read } = await exchange(jose, ask, bob, text);
const refused = async (promise) => promise.then(() => false, () => true);

// A message with a changed octet, and one that is for nobody here.
const tampered = { ...sent, ciphertext: sent.ciphertext.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')) };
const post = async (body) => (await ask('/messages', { method: 'POST', body })).status;

console.log(JSON.stringify({
  read,
  to: sent.recipients.length,
  from: received.recipients.length,
  algs: [...sent.recipients, ...received.recipients].map(({ header }) => header.alg),
  devices: (await devices(jose, ask)).map(({ kid }) => kid),
  eve: await refused(open(jose, eve.privateKey, received)),
  extractable: bob.privateKey.extractable,
  statuses: [await post(JSON.stringify(sent)), await post(JSON.stringify(tampered)), await post(JSON.stringify(received)), await post('{}')],
}));
