import { createServer } from 'node:net';

/** Below the ports that systems assign by themselves, so that no other program gets one before it is used. */
const [first, last] = [15_000, 30_000];

/** Free ports of this machine, searched from a random one on. */
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
