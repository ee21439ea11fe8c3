import type { ServerResponse } from 'node:http';
import type { DownloadProgress } from '../../../src/extract/weights/download/download.ts';

/**
 * Answers that break off once the client says that it has what was sent. After a time they would break off before a busy
 * client has read it, and what it has not read is lost with the connection.
 */
export class BrokenOff {
  readonly #pending = new Map<ServerResponse, number>();

  /** @param receivedBytes what the client has of the file then, from earlier answers too */
  send(response: ServerResponse, bytes: Uint8Array, receivedBytes: number): void {
    this.#pending.set(response, receivedBytes);
    response.write(bytes);
  }

  /** The client's `onProgress`. */
  readonly onProgress = ({ receivedBytes }: DownloadProgress): void => {
    for (const [response, expected] of this.#pending) {
      if (receivedBytes < expected) continue;
      this.#pending.delete(response);
      response.destroy();
    }
  };
}
