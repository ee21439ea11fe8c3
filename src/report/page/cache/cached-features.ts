import { createHash } from 'node:crypto';
import type { FeatureSet } from '../../../features/reader.ts';
import { cosineNeighbours, type Neighbours } from '../../../rows/alike/neighbours.ts';
import { valueAt, valuesAt } from '../../../system/at.ts';
import type { Point } from '../../map/components.kernel.ts';
import type { FeatureMap } from '../../map/feature-map.ts';
import { bytesOf, decodeEntry, encodeEntry, numbersOf, type PageCache } from './page-cache.ts';

/** Increased when the contents or their computation change. */
const version = 2;

/** Neighbours kept per image: enough to find training images among them. */
const neighbourCount = 10;

/** What the page shows of feature rows. Deterministic. */
interface KeptComparison {
  readonly neighbours: Neighbours;
  readonly map: FeatureMap;
}

/** The neighbours, and the map on demand, which takes longer. */
interface FeatureComparison {
  readonly neighbours: Neighbours;
  drawMap(): Promise<FeatureMap>;
}

/**
 * Neighbours of the given rows and a map of some of them, from the cache if present.
 *
 * @param rows rows of the set
 * @param mapped indices into `rows`
 * @param options.onStage called before long steps
 */
export async function compareFeatures(
  set: FeatureSet,
  rows: readonly number[],
  mapped: readonly number[],
  cache: PageCache,
  { onStage, signal }: { readonly onStage: (what: string) => void; readonly signal?: AbortSignal | undefined },
): Promise<FeatureComparison> {
  const name = `features-${keyOf(set, rows, mapped)}`;
  const kept = decode(await cache.read(name), rows.length, mapped.length);
  if (kept !== undefined) return { neighbours: kept.neighbours, drawMap: async () => kept.map };
  onStage('comparing photos with each other');
  const neighbours = await cosineNeighbours(await set.readMatrix(rows), neighbourCount);
  const drawMap = async (): Promise<FeatureMap> => {
    // Loaded on demand: its libraries take long to load.
    const { mapFeatures } = await import('../../map/feature-map.ts');
    const map = await mapFeatures(await set.readMatrix(valuesAt(rows, mapped)), signal);
    await cache.write(name, encode({ neighbours, map }));
    return map;
  };
  return { neighbours, drawMap };
}

function keyOf({ manifest }: FeatureSet, rows: readonly number[], mapped: readonly number[]): string {
  const hash = createHash('sha256');
  hash.update(
    JSON.stringify([version, neighbourCount, manifest.fingerprint, manifest.shards.map(({ sha256 }) => sha256)]),
  );
  hash.update(bytesOf(Uint32Array.from(rows))).update(bytesOf(Uint32Array.from(mapped)));
  return hash.digest('hex').slice(0, 32);
}

interface Head {
  readonly rowCount: number;
  readonly count: number;
  readonly explained: readonly [number, number];
  readonly hasUmap: boolean;
}

function encode({ neighbours, map }: KeptComparison): Uint8Array[] {
  const { rowCount, count, nearest, similarity } = neighbours;
  const head: Head = { rowCount, count, explained: map.explained, hasUmap: map.umap !== undefined };
  const views = [map.pca, map.umap ?? []].map((points) => Float32Array.from(points.flatMap(({ x, y }) => [x, y])));
  return encodeEntry(head, [nearest, similarity, ...views].map(bytesOf));
}

function decode(bytes: Buffer | undefined, rowCount: number, mapped: number): KeptComparison | undefined {
  const entry = bytes === undefined ? undefined : decodeEntry<Head>(bytes);
  if (entry === undefined) return undefined;
  const { head, arrays } = entry;
  const [nearest, similarity, pca, umap] = arrays;
  if (nearest === undefined || similarity === undefined || pca === undefined || umap === undefined) return undefined;
  if (head.rowCount !== rowCount || nearest.length !== 4 * rowCount * head.count || pca.length !== 8 * mapped)
    return undefined;
  return {
    neighbours: {
      rowCount,
      count: head.count,
      nearest: numbersOf(nearest, Int32Array),
      similarity: numbersOf(similarity, Float32Array),
    },
    map: {
      pca: pointsOf(pca),
      explained: head.explained,
      umap: head.hasUmap ? pointsOf(umap) : undefined,
    },
  };
}

function pointsOf(bytes: Buffer): Point[] {
  const numbers = numbersOf(bytes, Float32Array);
  return Array.from({ length: numbers.length / 2 }, (_, i) => ({
    x: valueAt(numbers, 2 * i),
    y: valueAt(numbers, 2 * i + 1),
  }));
}
