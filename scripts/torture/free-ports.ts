import { createServer } from 'node:net';

/**
 * Below the ports that systems give to connections, and to programs that take any: between its choice and its use nobody
 * is given one of these.
 */
const [first, last] = [15_000, 30_000];

/** Ports of this machine that nobody listens on, from a random place on. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found: number[] = [];
  let port = first + Math.floor(Math.random() * (last - first));
  for (let tried = 0; found.length < count && tried < last - first; tried++) {
    port = port + 1 < last ? port + 1 : first;
    if (await isFree(port)) found.push(port);
  }
  if (found.length < count) throw new Error(`no ${count} ports are free from ${first} to ${last}`);
  return found;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listens = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  if (listens) await new Promise((resolve) => server.close(resolve));
  return listens;
}
