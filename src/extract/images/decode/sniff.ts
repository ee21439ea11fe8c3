/** Kinds of image files that are decoded. */
export type ImageKind = 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff' | 'avif' | 'bmp' | 'pnm' | 'jp2' | 'heic';

/** A file's kind by its first bytes: a kind of image that is decoded, or the name of what it is instead. */
type Sniffed = { readonly kind: ImageKind } | { readonly refused: string };

/** Number of leading bytes that tell a file's kind; a shorter file is given whole. */
export const sniffBytes = 256;

/** First bytes of kinds that are known but not decoded, for a reason that says what the file is. */
const refusedSignatures: readonly (readonly [signature: string, name: string])[] = [
  ['%PDF', 'PDF'],
  ['<svg', 'SVG'],
  ['<?xml', 'XML'],
  ['<!DOCTYPE', 'HTML'],
  ['<html', 'HTML'],
  ['8BPS', 'Photoshop'],
  ['II+\0', 'BigTIFF'],
  ['MM\0+', 'BigTIFF'],
  ['\xff\x0a', 'JPEG XL'],
  ['\0\0\0\x0cJXL ', 'JPEG XL'],
  ['\0\0\x01\0', 'icon'],
  ['\0\0\x02\0', 'cursor'],
  ['DDS ', 'DDS'],
  ['qoif', 'QOI'],
  ['v/1\x01', 'OpenEXR'],
  ['#?RADIANCE', 'Radiance HDR'],
  ['SIMPLE  =', 'FITS'],
  ['FUJIFILMCCD-RAW', 'camera raw'],
  ['IIU\0', 'camera raw'],
  ['IIRO', 'camera raw'],
  ['IIRS', 'camera raw'],
  ['MMOR', 'camera raw'],
  ['PK\x03\x04', 'zip archive'],
  ['\x1f\x8b', 'gzip archive'],
  ['Rar!', 'RAR archive'],
  ['7z\xbc\xaf', '7-Zip archive'],
  ['\x89HDF\r\n', 'HDF5'],
  ['\x93NUMPY', 'NumPy array'],
  ['PAR1', 'Parquet'],
  ['version https://git-lfs', 'Git LFS pointer'],
];

/** What makes an image, or the files behind it, of a kind that is not read, by the name that `sniff` gives it. */
const waysOut: Readonly<Record<string, string>> = {
  'Git LFS pointer': 'git lfs pull',
  'camera raw': 'darktable-cli FILE FILE.jpg',
  DICOM: 'dcm2pnm +on FILE FILE.png, of DCMTK',
  PDF: 'pdftoppm -png FILE FILE',
  SVG: 'rsvg-convert FILE -o FILE.png',
  'JPEG XL': 'djxl FILE FILE.png',
  FITS: 'magick FILE FILE.png',
  OpenEXR: 'magick FILE FILE.png',
  'Radiance HDR': 'magick FILE FILE.png',
  Photoshop: 'magick FILE[0] FILE.png',
  BigTIFF: 'magick FILE FILE.png',
  DDS: 'magick FILE FILE.png',
  QOI: 'magick FILE FILE.png',
  icon: 'magick FILE[0] FILE.png',
  cursor: 'magick FILE[0] FILE.png',
  'portable map of floats or extensions': 'magick FILE FILE.png',
};

/** The command that makes a readable image of a file that `sniff` refused; undefined if the file is not an image. */
export function wayOut(refused: string): string | undefined {
  return Object.hasOwn(waysOut, refused) ? waysOut[refused] : undefined;
}

/** Sizes of the header behind a bitmap's first 14 bytes: OS/2 1 and 2, Windows 3 to 5 and what Adobe wrote. */
const bitmapHeaders: readonly number[] = [12, 16, 40, 52, 56, 64, 108, 124];

/**
 * Tells the kind of an image by its first bytes, as Pillow does; the file's extension says nothing. Text that merely
 * begins like a bitmap ("BM") or a portable map ("P5") is not taken for one.
 *
 * @param bytes the whole file, or its first `sniffBytes`
 */
export function sniff(bytes: Uint8Array): Sniffed {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, sniffBytes)).toString('latin1');
  if (head.startsWith('\xff\xd8\xff')) return { kind: 'jpeg' };
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return { kind: 'png' };
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return { kind: 'gif' };
  if (head.startsWith('RIFF') && head.startsWith('WEBP', 8)) return { kind: 'webp' };
  if (head.startsWith('II*\0\x10\0\0\0CR')) return { refused: 'camera raw' };
  if (head.startsWith('II*\0') || head.startsWith('MM\0*')) return { kind: 'tiff' };
  if (head.startsWith('BM') && bitmapHeaders.includes(head.charCodeAt(14)) && head.startsWith('\0\0\0', 15)) {
    return { kind: 'bmp' };
  }
  if (head.startsWith('\0\0\0\x0cjP  \r\n\x87\n') || head.startsWith('\xff\x4f\xff\x51')) return { kind: 'jp2' };
  if (/^P[1-6]\s(?:\s|#[^\n\r]*[\n\r])*\d/.test(head)) return { kind: 'pnm' };
  if (/^P[Ffy7][\s\d]/.test(head)) return { refused: 'portable map of floats or extensions' };
  if (head.startsWith('ftyp', 4)) return sniffMedia(head);
  if (head.startsWith('DICM', 128)) return { refused: 'DICOM' };
  const known = refusedSignatures.find(([signature]) => head.startsWith(signature));
  if (known !== undefined) return { refused: known[1] };
  if (bytes.every((byte) => byte === 0)) return { refused: bytes.length === 0 ? 'empty' : 'zero bytes throughout' };
  return { refused: 'unknown' };
}

/** ISO media: brand and compatible brands of its first box (ISO/IEC 14496-12, 4.3). */
function sniffMedia(head: string): Sniffed {
  const boxBytes = (head.charCodeAt(2) << 8) | head.charCodeAt(3);
  const brands = head.slice(8, boxBytes).match(/[\s\S]{4}/g) ?? [];
  const brand = brands[0] ?? '';
  if (brand === 'avif' || brand === 'avis') return { kind: 'avif' };
  // The second is the version. mif1 and msf1 say only "an image"; the other brands name the codec.
  const others = brands.slice(2);
  if ((brand === 'mif1' || brand === 'msf1') && others.includes('avif')) return { kind: 'avif' };
  if (/^he(?:ic|ix|im|is|vc|vx|vm|vs)$/.test(brand) || brand === 'mif1' || brand === 'msf1') return { kind: 'heic' };
  return { refused: brand === 'crx ' ? 'camera raw' : `${brand.trim()} (ISO media)` };
}
