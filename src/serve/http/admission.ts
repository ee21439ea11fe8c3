import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { HttpError } from './http-error.ts';

/** Names of this machine that no other domain can resolve to it. */
const ownNames: readonly string[] = ['localhost', hostname().toLowerCase()];

/**
 * Refuses requests from pages of other sites: by DNS rebinding (detected by the Host header) or cross-site (Origin and
 * Sec-Fetch-Site headers). IP addresses are always allowed as Host.
 *
 * @param allowed further names under which the server is reached
 * @throws HttpError 421 or 403
 */
export function checkSite(headers: IncomingHttpHeaders, allowed: readonly string[]): void {
  const { host = '', origin } = headers;
  const name = hostnameOf(`http://${host}`);
  if (name === undefined || !(isAddress(name) || ownNames.includes(name) || allowed.includes(name))) {
    throw new HttpError(421, `this server does not answer under the name ${JSON.stringify(host)}`);
  }
  // `null` is the origin of a sandboxed page or a file.
  const sameOrigin =
    origin === undefined || (URL.canParse(origin) && new URL(origin).host === new URL(`http://${host}`).host);
  const across = headers['sec-fetch-site'] === 'cross-site' || headers['sec-fetch-site'] === 'same-site';
  if (!sameOrigin || (across && headers['sec-fetch-mode'] !== 'navigate')) {
    throw new HttpError(403, 'this server answers its own page and programs, not pages of other sites');
  }
}

/**
 * Refuses requests without the token, compared in constant time.
 *
 * @throws HttpError 401
 */
export function checkToken(headers: IncomingHttpHeaders, token: string): void {
  const [, given = ''] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  // Hashes have equal length, as needed for constant-time comparison.
  if (!timingSafeEqual(digest(given), digest(token))) {
    throw new HttpError(401, 'this server requires its token: Authorization: Bearer TOKEN');
  }
}

/** Whether an address is only reachable from this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function hostnameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname.toLowerCase() : undefined;
}

function isAddress(name: string): boolean {
  return isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
}
