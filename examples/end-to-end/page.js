// The page: what Bob has, sends and reads.

import * as jose from './jose/index.js';
import { devices, exchange, generate } from './exchange.js';

const place = (id) => document.getElementById(id);
const show = (id, text) => (place(id).textContent = text);

try {
  const bob = await generate(jose);
  show('own', bob.jwk.kid);
  for (const { kid, crv } of await devices(jose, fetch.bind(window))) {
    const line = document.createElement('li');
    line.textContent = `${kid} (${crv})`;
    place('theirs').append(line);
  }
  place('write').addEventListener('submit', async (event) => {
    event.preventDefault();
    place('send').disabled = true;
    try {
      const ask = fetch.bind(window);
      const { sent, received, read } = await exchange(jose, ask, bob, place('text').value);
      show('sent', JSON.stringify(sent, null, 2));
      show('received', JSON.stringify(received, null, 2));
      show('read', read);
    } catch (error) {
      show('read', `not read: ${error.message}`);
    }
    place('send').disabled = false;
  });
  place('send').disabled = false;
} catch (error) {
  show('own', `there is none: ${error.message}`);
}
