import type { AddressInfo } from 'node:net';
import { errorCode, UserError } from '../system/errors.ts';
import { createServer, type ServerOptions } from './http/server.ts';
import { Classifier, type ClassifierOptions } from './photos/classifier.ts';
import type { ServedHead } from './served-head.ts';

export interface ServeOptions extends ServerOptions, ClassifierOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

export interface RunningServer {
  /** `http://127.0.0.1:8080/` */
  readonly url: string;
  /** Stops accepting requests, completes running ones, and frees threads and networks. */
  close(): Promise<void>;
}

/**
 * Serves heads over HTTP until it is closed.
 *
 * @throws UserError if a backbone cannot be opened, or the port is not available
 */
export async function serve(heads: readonly ServedHead[], options: ServeOptions): Promise<RunningServer> {
  const classifier = await Classifier.open(heads, options);
  const app = await createServer(heads, classifier, options);
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await classifier.close();
    throw notListening(error, options);
  }
  const { address, family, port } = app.server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/`,
    close: async () => {
      await app.close();
      await classifier.close();
    },
  };
}

function notListening(error: unknown, { host, port }: ServeOptions): unknown {
  const reasons: Readonly<Record<string, readonly [found: string, name: string, value: string]>> = {
    EADDRINUSE: ['another program listens there', 'port', '0'],
    EACCES: ['no permission: ports below 1024 are the system’s', 'port', '8080'],
    EADDRNOTAVAIL: ['no such address on this machine', 'host', '127.0.0.1'],
    ENOTFOUND: ['no such host', 'host', '127.0.0.1'],
  };
  const reason = reasons[errorCode(error) ?? ''];
  if (reason === undefined) return error;
  const [found, name, value] = reason;
  return new UserError({
    what: 'the server cannot listen',
    where: `${host}:${port}`,
    found,
    expected: name === 'port' ? 'a port that is free; 0 takes one' : undefined,
    option: { name, value },
    cause: error,
  });
}
