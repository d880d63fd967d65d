// The protocol of tests/peers/README.md: a request on each line of standard input, its answer on a
// line of standard output.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

// What the library has no name or no function for, told apart from what it refuses.
export class Unsupported extends Error {}

export function unsupported(what) {
  throw new Unsupported(what);
}

export const octets = (payload) => new Uint8Array(Buffer.from(payload, 'base64url'));

// Answers requests with what `operations` has under their `op`, until the input ends.
export async function serve(name, operations) {
  const text = readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url));
  const { version } = JSON.parse(text);
  const known = { version: () => ({ version }), ...operations };
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await answer(known, line)));
  }
}

async function answer(operations, line) {
  try {
    const request = JSON.parse(line);
    const operation = operations[request.op] ?? unsupported(`no ${request.op}`);
    const result = await operation(request);
    if (result.payload !== undefined) {
      result.payload = Buffer.from(result.payload).toString('base64url');
    }
    return { ok: true, ...result };
  } catch (error) {
    const code = typeof error.code === 'string' ? error.code : error.name;
    const kind = error instanceof Unsupported ? 'unsupported' : code;
    return { ok: false, error: `${kind}: ${error.message}` };
  }
}
