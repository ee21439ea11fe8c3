import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { canonicalJson, differences, fingerprintOf, hashOfJson } from '../../src/features/manifest/fingerprint.ts';
import {
  activationRangesFile,
  isActivationRangesFile,
  rowChecksFile,
  shardFile,
  shardNumber,
} from '../../src/features/manifest/layout.ts';
import { isRandom, type Manifest, rowLength } from '../../src/features/manifest/manifest.ts';
import {
  formatManifest,
  NewerFormatError,
  parseManifest,
  sealManifest,
} from '../../src/features/manifest/manifest-file.ts';
import { UserError } from '../../src/system/errors.ts';
import { plainFields } from './make-feature-set.ts';

const sha = 'a'.repeat(64);
const calibration = { seed: 0, images: [sha], sha256: sha };

function drawn(fields: Partial<Manifest['fields']> = {}): Manifest {
  const all = { ...plainFields, ...fields };
  return sealManifest({
    formatVersion: 1,
    fingerprint: fingerprintOf(all),
    fields: all,
    rowCount: 5,
    imageCount: 4,
    rowShape: [3],
    dims: 3,
    shards: [
      { file: 'features-00000.npy', rowCount: 3, sha256: sha },
      { file: 'features-00001.npy', rowCount: 2, sha256: sha },
    ],
    indexSha256: sha,
    labelsSha256: sha,
    outcomesSha256: sha,
    counts: { kept: 4, duplicate: 1, missing: 0, unreadable: 0, failed: 0, total: 5 },
    madeBy: {
      featuretap: '0.1.0',
      engine: 'onnx',
      engineVersion: '1.30.0',
      device: 'cpu',
      weights: 'resnet50',
      data: '/data',
    },
    canary: 'AAAAAA==',
  });
}

/** Parses a manifest with a changed value, with its hash and fingerprint recomputed. */
function parseChanged(base: Manifest, path: string, value: unknown): Manifest {
  const copy = JSON.parse(JSON.stringify(base));
  const keys = path.split('.');
  const last = keys.pop() as string;
  const inner = keys.reduce((at, key) => at[key], copy);
  if (value === undefined) delete inner[last];
  else inner[last] = value;
  if (path !== 'fingerprint') copy.fingerprint = fingerprintOf(copy.fields);
  const { sha256: _, ...rest } = copy;
  const text = JSON.stringify(path === 'sha256' ? copy : { ...rest, sha256: hashOfJson(rest) });
  return parseManifest(new TextEncoder().encode(text), 'manifest.json');
}

describe('manifest.json', () => {
  it('reads back what was written, with every optional field', () => {
    const full = drawn({
      prefixTokens: 0,
      precision: 'int8',
      calibration,
      views: { count: 1, seed: 0 },
      preprocessing: {
        ...plainFields.preprocessing,
        resize: [256, 320],
        centerCrop: 'transformers',
        sixteenBit: 'scale',
      },
    });
    const { sha256: _, ...rest } = full;
    const madeBy = { ...rest.madeBy, weightsSeed: 0, weightsKey: 'ema', weightsVariant: 'fp16', weightsFile: '/w' };
    const sealed = sealManifest({
      ...rest,
      imageCount: 2,
      counts: { ...rest.counts, kept: 2, total: 3, leftOut: 1 },
      madeBy,
    });
    for (const manifest of [drawn(), sealed]) {
      const text = formatManifest(manifest);
      assert.ok(text.endsWith('}\n') && text.startsWith('{\n  "'));
      assert.deepEqual(parseManifest(new TextEncoder().encode(text), 'manifest.json'), manifest);
    }
  });

  const int8 = drawn({ precision: 'int8', calibration });
  const views = drawn({ views: { count: 1, seed: 0 } });
  const bad: readonly (readonly [path: string, value: unknown, message: RegExp, base?: Manifest])[] = [
    ['formatVersion', 0, /formatVersion[\s\S]*found: {4}0/],
    ['formatVersion', '2', /formatVersion/],
    ['fields.architecture', '', /fields\.architecture[\s\S]*a text/],
    ['fields.architecture', 5, /fields\.architecture/],
    ['fields.weightsSha256', 'A'.repeat(64), /fields\.weightsSha256[\s\S]*64 hex digits/],
    ['fields.weightsSha256', `${sha}a`, /fields\.weightsSha256/],
    ['fields.weightsSha256', `z${sha}`, /fields\.weightsSha256/],
    ['fields.tap', undefined, /fields\.tap[\s\S]*nothing/],
    ['fields.pool', 'sum', /fields\.pool[\s\S]*mean \| max/],
    ['fields.prefixTokens', -1, /fields\.prefixTokens[\s\S]*a whole number from 0/],
    ['fields.prefixTokens', '1', /fields\.prefixTokens/],
    ['fields.dtype', 'float64', /fields\.dtype[\s\S]*float32 \| float16/],
    ['fields.precision', 'int4', /fields\.precision[\s\S]*float32 \| int8/],
    ['fields.preprocessing', [], /fields\.preprocessing[\s\S]*an object/],
    ['fields.preprocessing', null, /fields\.preprocessing[\s\S]*an object/],
    ['fields.preprocessing.resize', 0, /fields\.preprocessing\.resize/],
    ['fields.preprocessing.resize', [256, 0], /fields\.preprocessing\.resize/],
    ['fields.preprocessing.resize', [256], /fields\.preprocessing\.resize[\s\S]*height and width/],
    ['fields.preprocessing.crop', 1.5, /fields\.preprocessing\.crop/],
    ['fields.preprocessing.centerCrop', 'pillow', /fields\.preprocessing\.centerCrop/],
    ['fields.preprocessing.interpolation', 'cubic', /fields\.preprocessing\.interpolation/],
    ['fields.preprocessing.autoOrient', 1, /fields\.preprocessing\.autoOrient/],
    ['fields.preprocessing.sixteenBit', 'clip', /fields\.preprocessing\.sixteenBit/],
    ['fields.preprocessing.mean', [0, 0], /fields\.preprocessing\.mean[\s\S]*three numbers/],
    ['fields.preprocessing.mean', '000', /fields\.preprocessing\.mean/],
    ['fields.preprocessing.std', [1, 1, null], /fields\.preprocessing\.std[\s\S]*three numbers/],
    ['fields.calibration', calibration, /fields\.calibration[\s\S]*none with float32/],
    ['fields.calibration', undefined, /fields\.calibration[\s\S]*one with precision int8/, int8],
    ['fields.calibration', 5, /fields\.calibration[\s\S]*an object/, int8],
    ['fields.calibration.seed', -1, /fields\.calibration\.seed/, int8],
    ['fields.calibration.sha256', 'x', /fields\.calibration\.sha256/, int8],
    ['fields.calibration.images', 'x', /fields\.calibration\.images[\s\S]*a list/, int8],
    ['fields.calibration.images', [sha, 'x'], /fields\.calibration\.images/, int8],
    ['fields.views', 2, /fields\.views[\s\S]*an object/],
    ['fields.views.count', 0, /fields\.views\.count/, views],
    ['fields.views.seed', -1, /fields\.views\.seed/, views],
    ['fingerprint', 'x', /fingerprint[\s\S]*64 hex digits/],
    ['fingerprint', 'b'.repeat(64), /fingerprint[\s\S]*from the fields beside it/],
    ['canary', '', /canary/],
    ['madeBy', 5, /madeBy[\s\S]*an object/],
    ['madeBy.engine', 'torch', /madeBy\.engine[\s\S]*onnx \| tensorflow/],
    ['madeBy.device', 'tpu', /madeBy\.device[\s\S]*cpu \| cuda \| webgpu/],
    ['madeBy.featuretap', '', /madeBy\.featuretap/],
    ['madeBy.engineVersion', 1, /madeBy\.engineVersion/],
    ['madeBy.weights', '', /madeBy\.weights/],
    ['madeBy.data', '', /madeBy\.data/],
    ['madeBy.weightsSeed', -1, /madeBy\.weightsSeed/],
    ['madeBy.weightsKey', '', /madeBy\.weightsKey/],
    ['madeBy.weightsVariant', '', /madeBy\.weightsVariant/],
    ['madeBy.weightsFile', '', /madeBy\.weightsFile/],
    ['rowShape', [], /rowShape[\s\S]*a shape/],
    ['rowShape', 3, /rowShape[\s\S]*a shape/],
    ['rowShape', [3, 0], /rowShape[\s\S]*a whole number from 1/],
    ['dims', 4, /dims[\s\S]*3, from rowShape/],
    ['shards', {}, /shards[\s\S]*a list/],
    ['shards.1', 5, /shards\[1\][\s\S]*an object/],
    ['shards.1.file', 'features-0001.npy', /shards\[1\]\.file[\s\S]*features-NNNNN\.npy/],
    ['shards.1.file', '../features-00001.npy', /shards\[1\]\.file/],
    ['shards.1.file', 'features-00001.npy.next', /shards\[1\]\.file/],
    ['shards.1.file', 'features-00000.npy', /shards[\s\S]*a file named twice[\s\S]*each file once/],
    ['shards.1.rowCount', 0, /shards\[1\]\.rowCount/],
    ['shards.1.rowCount', 3, /rowCount[\s\S]*found: {4}5[\s\S]*6, the sum of its shards/],
    ['shards.1.sha256', 'x', /shards\[1\]\.sha256/],
    ['imageCount', -1, /imageCount/],
    ['imageCount', 6, /imageCount[\s\S]*at most 5/],
    ['imageCount', 4, /imageCount[\s\S]*at most 2/, views],
    ['indexSha256', 'x', /indexSha256/],
    ['indexSha256', [sha], /indexSha256/],
    ['labelsSha256', 'x', /labelsSha256/],
    ['outcomesSha256', 'x', /outcomesSha256/],
    ['counts', [], /counts[\s\S]*an object/],
    ['counts.duplicate', -1, /counts\.duplicate/],
    ['counts.missing', 1, /counts\.total[\s\S]*found: {4}5[\s\S]*6, the sum of the others/],
    ['counts.unreadable', 1, /counts\.total[\s\S]*6, the sum of the others/],
    ['counts.failed', 1, /counts\.total[\s\S]*6, the sum of the others/],
    ['counts.leftOut', 0, /counts\.leftOut/],
    ['imageCount', 3, /counts\.kept[\s\S]*found: {4}4[\s\S]*3, as imageCount/],
    ['sha256', 'b'.repeat(64), /sha256[\s\S]*from the other fields/],
  ];
  for (const [path, value, message, base = drawn()] of bad) {
    it(`rejects ${path} ${JSON.stringify(value) ?? 'that is missing'}, with the field`, () => {
      assert.throws(
        () => parseChanged(base, path, value),
        (error) => {
          assert.ok(error instanceof UserError, String(error));
          assert.match(error.message, /a manifest is damaged[\s\S]*where: {4}manifest\.json, /);
          assert.match(error.message, message);
          assert.match(error.message, /verify (?:-- )?--features \. --repair/);
          return true;
        },
      );
    });
  }

  it('rejects invalid JSON, invalid UTF-8, values that are no object, and first of all a newer format', () => {
    const parse = (bytes: Uint8Array): Manifest => parseManifest(bytes, 'manifest.json');
    assert.throws(() => parse(new TextEncoder().encode('{')), /it is not JSON[\s\S]*manifest\.json[\s\S]*--repair/);
    assert.throws(() => parse(Uint8Array.of(0x22, 0xff, 0x22)), /it is not JSON/);
    assert.throws(
      () => parse(new TextEncoder().encode('[]')),
      /a manifest is damaged[\s\S]*where: {4}manifest\.json\n/,
    );
    assert.throws(
      () => parse(new TextEncoder().encode('{"formatVersion": 2}')),
      (error) => {
        assert.ok(error instanceof NewerFormatError);
        assert.match(error.message, /newer featuretap[\s\S]*format version 2[\s\S]*format version 1[\s\S]*update/);
        return true;
      },
    );
    const long = 'x'.repeat(100);
    assert.throws(() => parseChanged(drawn(), 'formatVersion', long), /found: {4}"x{76}\.\.\.\n/);
  });
});

describe('the fingerprint', () => {
  it('hashes JSON as Python writes it with sorted keys and without spaces', () => {
    // json.dumps(value, sort_keys=True, separators=(',', ':'), ensure_ascii=False)
    const value = { b: [1, 0.5, null, { z: 'é"', a: true }], a: { y: [], x: {} }, B: undefined, 10: 'ten', 9: 'nine' };
    const json = '{"10":"ten","9":"nine","a":{"x":{},"y":[]},"b":[1,0.5,null,{"a":true,"z":"é\\""}]}';
    assert.equal(canonicalJson(value), json);
    assert.equal(hashOfJson(value), createHash('sha256').update(json).digest('hex'));
    assert.equal(fingerprintOf(plainFields), hashOfJson({ ...plainFields }));
  });

  it('differences are listed by field, with long values cut', () => {
    const { preprocessing } = plainFields;
    assert.deepEqual(differences(plainFields, { ...plainFields, preprocessing: { ...preprocessing } }), []);
    const after = { ...plainFields, tap: 'layer4', preprocessing: { ...preprocessing, resize: 224, crop: 200 } };
    assert.deepEqual(differences(plainFields, after), [
      'tap: avgpool -> layer4',
      'preprocessing.resize: 256 -> 224',
      'preprocessing.crop: 224 -> 200',
    ]);
    assert.deepEqual(differences(plainFields, { ...plainFields, views: { count: 1, seed: 0 } }), [
      'views: none -> {count:1,seed:0}',
    ]);
    const mean = [0.5, 0.5, 0.5] as const;
    assert.deepEqual(differences({ ...plainFields, preprocessing: { ...preprocessing, mean } }, plainFields), [
      'preprocessing.mean: [0.5,0.5,0.5] -> [0.485,0.456,0.406]',
    ]);
    const [name, other] = ['x'.repeat(40), 'y'.repeat(41)];
    assert.deepEqual(differences({ ...plainFields, tap: name }, { ...plainFields, tap: other }), [
      `tap: ${name} -> ${'y'.repeat(36)}...`,
    ]);
  });
});

describe('names of a feature set’s files', () => {
  it('number the shards, and distinguish them from other files', () => {
    assert.deepEqual([0, 12, 123_456].map(shardFile), [
      'features-00000.npy',
      'features-00012.npy',
      'features-123456.npy',
    ]);
    assert.deepEqual(
      [
        'features-00012.npy',
        'features-123456.npy',
        'features-0012.npy',
        'xfeatures-00012.npy',
        'features-00012.npy~',
      ].map(shardNumber),
      [12, 123_456, undefined, undefined, undefined],
    );
    assert.equal(rowChecksFile('features-00012.npy'), 'features-00012.checks');
    assert.equal(rowChecksFile('a.npy.b'), 'a.npy.b');
    assert.equal(activationRangesFile('0123456789abcdef'), 'calibration-01234567.json');
    assert.deepEqual(
      [
        'calibration-01234567.json',
        'xcalibration-01234567.json',
        'calibration-0123456.json',
        'calibration-01234567.jsonx',
      ].map(isActivationRangesFile),
      [true, false, false, false],
    );
  });

  it('of weights say whether they are random', () => {
    const drawnWeights = ['random', 'random:7', 'resnet50', 'random-forest.pth'].map((weights) =>
      isRandom({ weights }),
    );
    assert.deepEqual(drawnWeights, [true, true, false, false]);
    assert.deepEqual([rowLength([2048]), rowLength([2048, 7, 7])], [2048, 100_352]);
  });
});
