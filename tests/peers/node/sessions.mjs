// Sessions of https://github.com/sandros94/unjwt in a server of https://github.com/h3js/h3, as tests/peers/README.md
// tells: their keys on a line of standard input, where it listens on one of standard output.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { H3, HTTPError, readBody, serve } from 'h3';
import { useJWESession, useJWSSession } from 'unjwt/adapters/h3v2';

const input = createInterface({ input: process.stdin });
const kinds = JSON.parse((await input[Symbol.asyncIterator]().next()).value);

async function session(event) {
  const name = event.context.params.kind;
  const kind = kinds[name] ?? fail();
  const use = kind.signed ? useJWSSession : useJWESession;
  return use(event, { name, key: kind.key, maxAge: kind.maxAge });
}

function fail() {
  throw new HTTPError({ status: 404 });
}

// What there is now. A session that there is not has no name.
const told = ({ id, data }) => ({ id: id ?? null, data });

const app = new H3()
  .get('/:kind', async (event) => told(await session(event)))
  .post('/:kind', async (event) => {
    const changed = await (await session(event)).update(await readBody(event));
    return { ...told(changed), token: changed.token };
  })
  .delete('/:kind', async (event) => told(await (await session(event)).clear()));

const server = serve(app, { port: 0, hostname: '127.0.0.1', silent: true, gracefulShutdown: false });
await server.ready();
const text = readFileSync(new URL('node_modules/h3/package.json', import.meta.url));
console.log(JSON.stringify({ port: Number(new URL(server.url).port), h3: JSON.parse(text).version }));
// It ends with its input, as its neighbours do.
input.on('close', () => process.exit());
