/** Kinds of image files that are decoded. */
export type ImageKind = 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff' | 'avif';

/** First bytes of kinds that are known but not decoded, for a reason that says what the file is. */
const refusedSignatures: readonly (readonly [signature: string, name: string])[] = [
  ['BM', 'BMP'],
  ['%PDF', 'PDF'],
  ['<svg', 'SVG'],
  ['<?xml', 'XML'],
  ['<!DOCTYPE', 'HTML'],
  ['<html', 'HTML'],
  ['8BPS', 'Photoshop'],
  ['II+\0', 'BigTIFF'],
  ['MM\0+', 'BigTIFF'],
  ['\0\0\0\x0cjP  ', 'JPEG 2000'],
  ['\xff\x0a', 'JPEG XL'],
  ['\0\0\0\x0cJXL ', 'JPEG XL'],
  ['version https://git-lfs', 'Git LFS pointer'],
];

/** Tells the kind of an image by its first bytes, as Pillow does; the file's extension says nothing. */
export function sniff(bytes: Uint8Array): { readonly kind: ImageKind } | { readonly refused: string } {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 64)).toString('latin1');
  if (head.startsWith('\xff\xd8\xff')) return { kind: 'jpeg' };
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return { kind: 'png' };
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return { kind: 'gif' };
  if (head.startsWith('RIFF') && head.startsWith('WEBP', 8)) return { kind: 'webp' };
  if (head.startsWith('II*\0') || head.startsWith('MM\0*')) return { kind: 'tiff' };
  if (head.startsWith('ftyp', 4)) {
    const brand = head.slice(8, 12);
    if (brand === 'avif' || brand === 'avis') return { kind: 'avif' };
    return { refused: brand.startsWith('hei') || brand === 'mif1' ? 'HEIC' : `${brand.trim()} (ISO media)` };
  }
  const known = refusedSignatures.find(([signature]) => head.startsWith(signature));
  if (known !== undefined) return { refused: known[1] };
  if (bytes.every((byte) => byte === 0)) return { refused: 'zero bytes throughout' };
  return { refused: 'unknown' };
}
