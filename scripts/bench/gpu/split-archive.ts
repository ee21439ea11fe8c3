import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createGzip } from 'node:zlib';

/**
 * Packs a folder, following links, as one tar.gz split into parts folder/trip-1/part, folder/trip-2/part, …, which
 * `cat` joins. GPU code is already compressed, so the fastest level suffices.
 *
 * @returns the parts' paths
 */
export async function splitArchive(stage: string, folder: string, partBytes: number): Promise<readonly string[]> {
  const tar = spawn('tar', ['-C', stage, '--dereference', '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve, reject) => {
    tar.on('error', reject);
    tar.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`tar ended with code ${code}`))));
  });
  const parts: string[] = [];
  let file: number | undefined;
  let room = 0;
  for await (const chunk of tar.stdout.pipe(createGzip({ level: 1 })) as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; ) {
      if (file === undefined || room === 0) {
        if (file !== undefined) closeSync(file);
        const trip = join(folder, `trip-${parts.length + 1}`);
        mkdirSync(trip, { recursive: true });
        parts.push(join(trip, 'part'));
        file = openSync(join(trip, 'part'), 'wx');
        room = partBytes;
      }
      const written = writeSync(file, chunk, at, Math.min(room, chunk.length - at));
      at += written;
      room -= written;
    }
  }
  if (file !== undefined) closeSync(file);
  await ended;
  return parts;
}
