import { connect, type Socket } from 'node:net';
import { loadReportHead } from '../../src/predict/load-head.ts';
import { type RunningServer, type ServeOptions, serve } from '../../src/serve/serve.ts';
import { type NamedHead, withTrainingPhotos } from '../../src/serve/served-head.ts';

const usual: ServeOptions = {
  ...{ host: '127.0.0.1', port: 0, token: undefined, allowedHosts: [], top: 5, batch: 8 },
  ...{ mostBodyBytes: 4e6, mostInFlight: 64, timeLimitSeconds: 30, threads: 2 },
};

/** Serves reports in this process on a free port. */
export async function serveReports(
  reports: readonly string[],
  options: Partial<ServeOptions> = {},
): Promise<RunningServer> {
  const heads: NamedHead[] = [];
  for (const name of reports) heads.push({ ...(await loadReportHead(name)), name });
  return serve(await withTrainingPhotos(heads, 2, () => undefined), { ...usual, ...options });
}

export interface Answer {
  readonly head: string;
  readonly images: readonly {
    readonly path: string;
    readonly id: string;
    readonly top: readonly { readonly class: string; readonly probability: number }[];
    readonly set?: readonly string[];
    readonly large?: boolean;
    readonly answer?: string | null;
    readonly unlike?: boolean;
    readonly like?: readonly { readonly id: string; readonly label: string; readonly similarity: number }[];
    readonly evidence?: {
      readonly class: string;
      readonly score: number;
      readonly map: readonly (readonly number[])[];
      readonly png?: string;
    };
  }[];
  readonly failed: readonly { readonly path: string; readonly reason: string }[];
}

export async function post(
  url: string,
  body: NonNullable<RequestInit['body']>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${url}predict`, { method: 'POST', body, headers });
}

/** Head of a request with a photo of so many bytes, as it goes over the wire. */
export function predictHead(length: number, type = 'image/png'): string {
  return `POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;
}

/** A connection over which a text was sent, whole or not. */
export function rawRequest(url: string, text: string): Socket {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
  socket.on('error', () => undefined);
  socket.write(text, 'latin1');
  return socket;
}

/** The first that a server says. */
export function firstAnswer(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (data) => {
      resolve(String(data));
      socket.destroy();
    });
    socket.once('close', () => resolve('closed without an answer'));
  });
}
