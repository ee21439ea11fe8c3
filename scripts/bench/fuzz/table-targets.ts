import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseColumns } from '../../../src/formats/table/choose-columns.ts';
import { openTable } from '../../../src/formats/table/open-table.ts';
import { bytesSource } from '../../../src/formats/table/table.ts';
import { byteTarget, type FuzzTarget } from './fuzz-target.ts';

const fixtures = fileURLToPath(new URL('../../../test/fixtures/tables/', import.meta.url));

/** Tables with labels of images. */
export function tableTargets(): readonly FuzzTarget[] {
  const lines = Array.from({ length: 20 }, (_, i) => `${(i * 7919).toString(16)},breed ${i % 4}`);
  const csv = [
    Buffer.from(`id,breed\n${lines.join('\n')}\n`),
    Buffer.from(`\ufeffid,breed,more\r\n"a, b","c ""d""",e\r\n\r\nü,日本,\r\n`),
    Buffer.from('\ufeffid;healthy;rust\n1;0;1\n2;1;0\n', 'utf16le'),
    Buffer.from('id\tlabel\nk\xe4se\tx\nb\ty\n', 'latin1'),
  ];
  const json = [
    Buffer.from('{"file_name": "a.jpg", "label": "cat"}\n{"file_name": "b.jpg", "label": ["dog"], "box": [1, 2]}\n'),
    Buffer.from('{"id": 1, "label": null}\n\n{"label": {"x": 1e400}, "id": "ü"}'),
  ];
  const parquet = readdirSync(fixtures)
    .filter((file) => file.endsWith('.parquet'))
    .map((file) => readFileSync(join(fixtures, file)));
  return [
    byteTarget(
      'table: delimited',
      csv,
      [',', '"', '""', '\r', '\n', '\r\n', '\0', '\xef\xbb\xbf', ' ', ';', '\t'],
      read,
    ),
    byteTarget('table: JSON Lines', json, ['"', '{', '}', '[', '\n', '__proto__', 'null', '1e999', '\\u0000'], read),
    byteTarget('table: Parquet', parquet, ['PAR1', 'schema', 'label', '\x15\x00', '\x19\x1c'], read),
  ];
}

async function read(bytes: Uint8Array): Promise<void> {
  const table = await openTable(bytesSource(bytes, 'table'));
  assert.ok(table.columns.length > 0);
  const rows: (readonly string[])[] = [];
  for await (const { cells } of table.rows([...table.columns.keys()])) {
    assert.equal(cells.length, table.columns.length);
    if (rows.length < 100) rows.push(cells);
  }
  chooseColumns({ columns: table.columns, rows }, {}, (cell) => cell.length % 2 === 0);
}
