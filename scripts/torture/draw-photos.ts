import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

/** Writes `count` small JPEG files of noise in three folders; every tenth has the bytes of the one before it. */
export async function drawPhotos(folder: string, count: number): Promise<void> {
  let bytes = Buffer.alloc(0);
  for (let i = 0; i < count; i++) {
    const label = join(folder, `class-${i % 3}`);
    await mkdir(label, { recursive: true });
    if (i % 10 !== 9) {
      const noise = { type: 'gaussian', mean: 60 + ((i * 37) % 140), sigma: 10 + (i % 50) } as const;
      const image = sharp({ create: { width: 48 + (i % 7), height: 44, channels: 3, background: 'black', noise } });
      bytes = await image.jpeg({ quality: 85 }).toBuffer();
    }
    await writeFile(join(label, `photo-${String(i).padStart(4, '0')}.jpg`), bytes);
  }
}
