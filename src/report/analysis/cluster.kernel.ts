/**
 * Average-linkage clustering (UPGMA) by nearest-neighbour chains, and the order of its leaves: SciPy's
 * `linkage(method='average')` and `leaves_list`, ties apart. O(n^2) time and memory.
 *
 * @param distance [n, n], symmetric; overwritten
 * @returns heights of the n - 1 merges, ascending, and the order of the n leaves
 */
export function averageLinkage(distance: Float64Array, n: number): { heights: Float64Array; leaves: Int32Array } {
  const size = new Int32Array(n).fill(1);
  const alive = new Uint8Array(n).fill(1);
  const merges: { a: number; b: number; height: number }[] = [];
  const chain: number[] = [];
  for (let left = n; left > 1; left--) {
    if (chain.length === 0) chain.push(alive.indexOf(1));
    for (;;) {
      const tip = chain[chain.length - 1];
      const previous = chain.length > 1 ? chain[chain.length - 2] : -1;
      // The previous element wins ties, so that the chain ends.
      let nearest = previous;
      let least = previous < 0 ? Number.POSITIVE_INFINITY : distance[tip * n + previous];
      for (let other = 0; other < n; other++) {
        if (alive[other] === 1 && other !== tip && distance[tip * n + other] < least) {
          least = distance[tip * n + other];
          nearest = other;
        }
      }
      if (nearest !== previous) {
        chain.push(nearest);
        continue;
      }
      chain.length -= 2;
      merge(tip, nearest, least);
      break;
    }
  }
  // Chains find merges out of order; sorted by height, they form the tree.
  merges.sort((x, y) => x.height - y.height);
  return { heights: Float64Array.from(merges, ({ height }) => height), leaves: leafOrder(merges, n) };

  function merge(a: number, b: number, height: number): void {
    const [keep, drop] = a < b ? [b, a] : [a, b];
    merges.push({ a: drop, b: keep, height });
    for (let other = 0; other < n; other++) {
      if (alive[other] === 0 || other === keep || other === drop) continue;
      const merged =
        (size[keep] * distance[keep * n + other] + size[drop] * distance[drop * n + other]) / (size[keep] + size[drop]);
      distance[keep * n + other] = merged;
      distance[other * n + keep] = merged;
    }
    size[keep] += size[drop];
    alive[drop] = 0;
  }
}

/** Leaves from left to right: the smaller of two branches first, then the one with the lower first leaf. */
function leafOrder(merges: readonly { a: number; b: number }[], n: number): Int32Array {
  const branch: number[][] = Array.from({ length: n }, (_, i) => [i]);
  const root = Int32Array.from({ length: n }, (_, i) => i);
  for (const { a, b } of merges) {
    const [first, second] = [branch[root[a]], branch[root[b]]];
    const swap = second.length < first.length || (second.length === first.length && second[0] < first[0]);
    const joined = swap ? [...second, ...first] : [...first, ...second];
    const to = root[b];
    branch[to] = joined;
    for (const leaf of joined) root[leaf] = to;
  }
  return Int32Array.from(n === 0 ? [] : branch[root[0]]);
}
