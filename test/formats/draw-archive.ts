import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipOptions {
  readonly deflate?: boolean;
  /** Entries that declare this size, whatever their contents. */
  readonly claims?: Readonly<Record<string, number>>;
  /** Entries of the type link. */
  readonly links?: readonly string[];
}

/** A zip archive of these files, as written by common tools. */
export function drawZip(files: Readonly<Record<string, Uint8Array>>, options: ZipOptions = {}): Buffer {
  const { deflate = false, claims = {}, links = [] } = options;
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, data] of Object.entries(files)) {
    const bytes = deflate ? deflateRawSync(data) : data;
    const nameBytes = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x0800, 2);
    common.writeUInt16LE(deflate ? 8 : 0, 4);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(claims[name] ?? data.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(((links.includes(name) ? 0o120777 : 0o100644) << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    // Version 3 of the format, made on Unix: the attributes then hold the type.
    directory.push(Buffer.from('504b01021403', 'hex'), common, rest, nameBytes);
    const local = Buffer.concat([Buffer.from('504b0304', 'hex'), common, nameBytes, bytes]);
    parts.push(local);
    offset += local.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('504b0506', 'hex');
  const count = Object.keys(files).length;
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listing, end]);
}

export interface TarOptions {
  /** Type of an entry: '0' a file, '1' a hard link, '2' a symbolic one. */
  readonly types?: Readonly<Record<string, string>>;
}

/** A tar archive of these files: ustar, with GNU's long names. */
export function drawTar(files: Readonly<Record<string, Uint8Array>>, { types = {} }: TarOptions = {}): Buffer {
  const parts: Uint8Array[] = [];
  for (const [name, data] of Object.entries(files)) {
    const bytes = Buffer.from(name);
    if (bytes.length > 100) parts.push(...tarEntry('././@LongLink', Buffer.concat([bytes, Buffer.alloc(1)]), 'L'));
    parts.push(...tarEntry(bytes.subarray(0, 100).toString('latin1'), data, types[name] ?? '0'));
  }
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

function tarEntry(name: string, data: Uint8Array, type: string): readonly Uint8Array[] {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'latin1');
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
}
