/** Extensions of supported image formats: such files are listed without being opened. */
// biome-ignore format: as many on a line as fit
export const imageExtensions: readonly string[] = [
  'jpg', 'jpeg', 'jpe', 'jfif', 'png', 'webp', 'gif', 'tiff', 'tif', 'avif',
];

/** Further extensions that are removed from ids. */
// biome-ignore format: as many on a line as fit
const otherExtensions: readonly string[] = [
  'jfi', 'jif', 'apng', 'bmp', 'dib', 'ppm', 'pgm', 'pbm', 'pnm', 'jp2', 'j2k', 'jpx', 'heic', 'heif',
];

const imageName = new RegExp(`\\.(${imageExtensions.join('|')})$`, 'i');
const anyImageName = new RegExp(`\\.(${[...imageExtensions, ...otherExtensions].join('|')})$`, 'i');

export function isImageName(name: string): boolean {
  return imageName.test(name) && !isHidden(name);
}

/** `photos/a.b.jpg` -> `photos/a.b` */
export function withoutExtension(path: string): string {
  return path.replace(anyImageName, '');
}

const leftBehind =
  /^(?:\.|__MACOSX$|Thumbs\.db$|desktop\.ini$|Icon\r$|@eaDir$|\$RECYCLE\.BIN$|System Volume Information$)/i;

/** Files created by file managers and archivers, not photos. */
export function isHidden(name: string): boolean {
  return leftBehind.test(name);
}
