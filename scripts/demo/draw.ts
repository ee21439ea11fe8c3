import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { cloudNoise, seededRandom } from './random.ts';
import { type Texture, textures } from './textures.ts';

export interface DrawOptions {
  /** Parent of one folder per class. */
  readonly folder: string;
  /** At most the number of textures. */
  readonly classCount: number;
  readonly perClass: number;
  readonly seed: number;
  /** Draws one part of this many, by classes: the parts together are the whole set. */
  readonly part?: { readonly index: number; readonly count: number };
  /** Called after each photo. */
  readonly onDrawn?: (done: number, total: number) => void;
}

/** Half-widths that contain all of an object: its edge wobbles up to 1.125, plus a margin. */
const outermost = 1.13;

type Colour = readonly [number, number, number];

/**
 * Generates a labelled set of JPEG photos, one folder per class: a textured object of random shape, position, scale,
 * rotation and colours on a cloudy background, with slanting light, clutter and sensor noise, in many sizes. Depends
 * only on its options.
 *
 * @returns the class names of all parts
 */
export async function drawPhotos(options: DrawOptions): Promise<readonly string[]> {
  const chosen = Object.entries(textures).slice(0, options.classCount);
  const total = chosen.length * options.perClass;
  let done = 0;
  let written: Promise<unknown> = Promise.resolve();
  for (const [classNumber, [name, texture]] of chosen.entries()) {
    if (options.part !== undefined && classNumber % options.part.count !== options.part.index) continue;
    await mkdir(join(options.folder, name), { recursive: true });
    for (let i = 0; i < options.perClass; i++) {
      const photo = drawPhoto(
        texture,
        classNumber / chosen.length,
        options.seed * 1_000_003 + classNumber * 10_007 + i,
      );
      const file = join(options.folder, name, `${name}-${String(i).padStart(3, '0')}.jpg`);
      // The next photo is drawn while this one is written.
      await written;
      written = sharp(photo.rgb, { raw: { width: photo.width, height: photo.height, channels: 3 } })
        .jpeg({ quality: photo.quality })
        .toFile(file)
        .then(() => options.onDrawn?.(++done, total));
    }
  }
  await written;
  return chosen.map(([name]) => name);
}

interface Photo {
  readonly width: number;
  readonly height: number;
  readonly quality: number;
  /** [height, width, 3] */
  readonly rgb: Uint8Array;
}

function drawPhoto(texture: Texture, typicalHue: number, seed: number): Photo {
  const random = seededRandom(seed);
  const between = (low: number, high: number): number => low + (high - low) * random();
  const colour = (): Colour => [between(20, 235), between(20, 235), between(20, 235)];
  const noise = cloudNoise(seed);
  const [width, height] = [Math.round(between(200, 400)), Math.round(between(180, 340))];
  const short = Math.min(width, height);
  const ground = (): Colour => mix(colour(), [128, 128, 128], 0.6);
  const [groundA, groundB] = [ground(), ground()];
  // Classes have typical colours, with exceptions: a tenth of the photos have any.
  const hue = random() < 0.1 ? random() : typicalHue + between(-0.04, 0.04);
  const inkA = fromHue(hue, between(0.45, 0.95), between(0.55, 0.95));
  const inkB = fromHue(hue + between(0.25, 0.75), between(0.1, 0.7), between(0.1, 0.45));
  const object = {
    x: between(0.3, 0.7) * width,
    y: between(0.3, 0.7) * height,
    rx: between(0.28, 0.55) * short,
    ry: between(0.28, 0.55) * short,
    roundness: between(1.2, 6),
    turn: between(-0.5, 0.5),
    repeat: between(0.11, 0.3) * short,
    wobble: between(0, 0.25),
  };
  const light = { angle: between(0, 2 * Math.PI), strength: between(0.1, 0.6), level: between(0.7, 1.15) };
  const clutter = Array.from({ length: Math.floor(between(2, 9)) }, () => ({
    x: random() * width,
    y: random() * height,
    rx: between(0.02, 0.13) * short,
    ry: between(0.02, 0.13) * short,
    colour: colour(),
    round: random() < 0.5,
  }));
  const grain = between(4, 22);
  const [cos, sin] = [Math.cos(object.turn), Math.sin(object.turn)];
  const [lightX, lightY] = [Math.cos(light.angle), Math.sin(light.angle)];
  // A separate noise for the texture, since each caches its last position.
  const textureNoise = cloudNoise(seed);
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    const inRow = clutter.filter((item) => Math.abs((y - item.y) / item.ry) < 1);
    for (let x = 0; x < width; x++, at += 3) {
      const cloud = noise(x / short, y / short);
      let from: Colour = groundA;
      let to: Colour = groundB;
      let share = cloud;
      const dx = x - object.x;
      const dy = y - object.y;
      const ox = dx * cos + dy * sin;
      const oy = dy * cos - dx * sin;
      const ex = Math.abs(ox / object.rx);
      const ey = Math.abs(oy / object.ry);
      // The edge wobbles by at most an eighth; powers are slow.
      if (ex < outermost && ey < outermost) {
        const inside = ex ** object.roundness + ey ** object.roundness;
        if (inside < 1 + object.wobble * (cloud - 0.5)) {
          from = inkA;
          to = inkB;
          share = texture(ox / object.repeat, oy / object.repeat, textureNoise);
        }
      }
      for (const item of inRow) {
        const cx = (x - item.x) / item.rx;
        const cy = (y - item.y) / item.ry;
        if (item.round ? cx * cx + cy * cy >= 1 : Math.abs(cx) >= 1) continue;
        from = item.colour;
        share = 0;
      }
      const slant = (lightX * (x / width - 0.5) + lightY * (y / height - 0.5)) * 2 * light.strength;
      const shade = light.level + slant;
      const speck = (random() - 0.5) * grain * 2;
      for (let c = 0; c < 3; c++) {
        const first = from[c] as number;
        rgb[at + c] = clamp((first + ((to[c] as number) - first) * share) * shade + speck);
      }
    }
  }
  return { width, height, quality: Math.round(between(70, 93)), rgb };
}

function mix(a: Colour, b: Colour, t: number): [number, number, number] {
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
}

/** Hue (in turns), saturation and value as RGB in [0, 255]. */
function fromHue(hue: number, saturation: number, value: number): Colour {
  const channel = (offset: number): number => {
    const k = (offset + (hue - Math.floor(hue)) * 6) % 6;
    return 255 * value * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  return [channel(5), channel(3), channel(1)];
}

function clamp(value: number): number {
  return Math.max(0, Math.min(255, value));
}
