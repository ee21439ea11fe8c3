/** A texture: the share of the second colour at a point of the plane, 0 to 1, with a period of about one unit. */
export type Texture = (u: number, v: number, noise: (x: number, y: number) => number) => number;

const wrap = (x: number): number => x - Math.floor(x);
const edge = (distance: number): number => Math.min(1, Math.max(0, 0.5 - distance * 12));

/** The classes of the generated set, as patterns that can be recognized under scale, rotation, light and clutter. */
export const textures: Readonly<Record<string, Texture>> = {
  stripes: (u) => edge(Math.abs(wrap(u) - 0.5) - 0.25),
  dots: (u, v) => edge(Math.hypot(wrap(u) - 0.5, wrap(v) - 0.5) - 0.27),
  checks: (u, v) => (edge(wrap(u) - 0.5) + edge(wrap(v) - 0.5) === 1 ? 1 : 0),
  bricks: (u, v) => {
    const row = Math.floor(v * 2);
    const [x, y] = [wrap(u + (row % 2 === 0 ? 0 : 0.5)), wrap(v * 2)];
    return x < 0.07 || y < 0.14 ? 0 : 1;
  },
  rings: (u, v) => edge(Math.abs(wrap(Math.hypot(u, v)) - 0.5) - 0.22),
  waves: (u, v) => edge(Math.abs(wrap(v + 0.22 * Math.sin(u * 2 * Math.PI)) - 0.5) - 0.22),
  clouds: (u, v, noise) => noise(u * 1.4, v * 1.4),
  scales: (u, v) => {
    const row = Math.floor(v * 2);
    const [x, y] = [wrap(u + (row % 2 === 0 ? 0 : 0.5)) - 0.5, wrap(v * 2) * 0.5];
    return edge(Math.abs(Math.hypot(x, y) - 0.42) - 0.05);
  },
  triangles: (u, v) => {
    const row = Math.floor(v);
    const [x, y] = [wrap(u + (row % 2 === 0 ? 0 : 0.5)), wrap(v)];
    return edge(Math.abs(x - 0.5) * 2 - y);
  },
  stars: (u, v) => {
    const [x, y] = [wrap(u) - 0.5, wrap(v) - 0.5];
    const angle = Math.abs(wrap((Math.atan2(y, x) / (2 * Math.PI)) * 5) - 0.5) * 2;
    return edge(Math.hypot(x, y) - 0.16 - 0.24 * angle * angle);
  },
};
