import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import sharp from 'sharp';
import type { Report } from '../../src/classify/result/report.ts';
import type { RunningServer } from '../../src/serve/serve.ts';
import { featuretap } from '../cli/command.ts';
import { type TrainedHeads, trainHeads } from '../predict/trained.ts';
import { type Answer, serveReports } from './served.ts';

describe('a server with confidence, novelty and evidence', { timeout: 300_000 }, () => {
  let root = '';
  let trained: TrainedHeads;
  let linear = '';
  let neighbours = '';
  let photo = '';
  let body: Buffer<ArrayBuffer>;
  let server: RunningServer;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'featuretap-serve-knowing-'));
    trained = await trainHeads(root, {
      models: [
        ['linear', { calibrate: 'temperature' }],
        ['knn', {}],
      ],
    });
    [linear = '', neighbours = ''] = trained.reports.map(({ report }) => report);
    photo = join(trained.data, 'red/red-00.png');
    body = await readFile(photo);
    server = await serveReports([linear]);
  });
  after(async () => {
    await server.close();
    await rm(root, { recursive: true });
  });

  const ask = (query: string, url: string = server.url): Promise<Response> =>
    fetch(`${url}predict?${query}`, { method: 'POST', body });
  const errorOf = async (response: Response): Promise<[number, string]> => [
    response.status,
    ((await response.json()) as { error: string }).error,
  ];

  for (const [query, args] of [
    ['coverage=0.8', ['--coverage', '0.8']],
    ['abstain=true', ['--abstain']],
    ['abstain=true&coverage=0.5&top=2', ['--abstain', '--coverage', '0.5', '--top', '2']],
    ['unlike=true', ['--unlike']],
    ['why=true', ['--why']],
    ['coverage=0.9&unlike=true&why=true', ['--coverage', '0.9', '--unlike', '--why']],
  ] as const) {
    it(`answers ?${query} like predict --json ${args.join(' ')}, number for number`, async () => {
      const answer = (await (await ask(query)).json()) as Answer;
      const { stdout, stderr } = await featuretap([
        'predict',
        '--threads',
        '1',
        '--head',
        linear,
        '--json',
        ...args,
        photo,
      ]);
      assert.notEqual(stdout, '', stderr);
      const [expected] = (JSON.parse(stdout) as Answer).images;
      assert.deepEqual(answer.images, [{ ...expected, path: 'body', id: 'body' }]);
    });
  }

  it('draws the evidence over the photo on request, of one photo per request', async () => {
    const { images } = (await (await ask('overlay=true')).json()) as Answer;
    const { png = '', map = [], score = 0 } = images[0]?.evidence ?? {};
    const { width, height, format } = await sharp(Buffer.from(png, 'base64')).metadata();
    assert.deepEqual([width, height, format], [64, 64, 'png']);
    assert.ok(Math.abs(map.flat().reduce((sum, value) => sum + value, 0) / 4 - score) < 1e-4);
    const two = new FormData();
    for (const name of ['a', 'b']) two.append('photos', new Blob([body]), name);
    const refused = await fetch(`${server.url}predict?overlay=true`, { method: 'POST', body: two });
    assert.deepEqual(await errorOf(refused), [400, 'overlay is for one photo a request']);
  });

  it('gives answers that match its OpenAPI document, which describes the parameters', async () => {
    const { paths } = (await (await fetch(`${server.url}openapi.json`)).json()) as {
      paths: Record<
        '/predict',
        {
          post: {
            parameters: { name: string }[];
            responses: Record<'200', { content: Record<string, { schema: AnySchema }> }>;
          };
        }
      >;
    };
    const { parameters, responses } = paths['/predict'].post;
    assert.deepEqual(
      parameters.map(({ name }) => name),
      ['top', 'coverage', 'abstain', 'unlike', 'why', 'overlay'],
    );
    const validate = new Ajv2020().compile(responses['200'].content['application/json']?.schema as AnySchema);
    const answer = (await (await ask('abstain=true&unlike=true&why=true&overlay=true')).json()) as Answer;
    assert.ok(validate(answer), JSON.stringify(validate.errors));
    const [image] = answer.images;
    for (const wrong of [{ set: 'red' }, { unlike: 'no' }, { like: [{}] }, { evidence: { class: 'red' } }]) {
      assert.ok(!validate({ ...answer, images: [{ ...image, ...wrong }] }), JSON.stringify(wrong));
    }
  });

  it('rejects unknown parameters and invalid values', async () => {
    const queries = ['coverge=0.9', 'coverage=1', 'coverage=0', 'coverage=x', 'why=yes', 'unlike=1', 'top=1&top=2'];
    for (const query of queries) assert.equal((await errorOf(await ask(query)))[0], 400, query);
    assert.match(
      (await errorOf(await ask('coverge=0.9')))[1],
      /"coverge" is not a parameter: expected top, coverage, /,
    );
  });

  it('returns for each of several heads what it can compute, and names the rest in /classes', async () => {
    const several = await serveReports([linear, neighbours]);
    try {
      const { heads } = (await (await ask('overlay=true&why=true', several.url)).json()) as { heads: Answer[] };
      assert.deepEqual(
        heads.map(({ images }) => [images[0]?.like?.length, images[0]?.evidence?.class]),
        [
          [3, 'red'],
          [3, undefined],
        ],
      );
      assert.deepEqual(heads[0]?.images[0]?.like, heads[1]?.images[0]?.like, 'of the same training photos');
      const classes = (await (await fetch(`${several.url}classes`)).json()) as {
        heads: { without: Record<string, string> }[];
      };
      assert.deepEqual(Object.keys(classes.heads[0]?.without ?? {}), []);
      assert.match(classes.heads[1]?.without['evidence'] ?? '', /scores of knn are not linear in the features/);
    } finally {
      await several.close();
    }
  });

  it('continues without the training photos where they are missing, and rejects what no head can compute', async () => {
    const bare = join(root, 'bare');
    await cp(neighbours, bare, { recursive: true });
    const file = join(bare, 'report.json');
    const { conformal: _, ...report } = JSON.parse(await readFile(file, 'utf8')) as Report;
    const featureSet = { ...report.featureSet, folder: join(root, 'no such set') };
    await writeFile(file, JSON.stringify({ ...report, featureSet }));
    const without = await serveReports([bare]);
    try {
      const plain = (await (await ask('', without.url)).json()) as Answer;
      assert.equal(plain.images[0]?.top.length, 4);
      for (const [query, reason] of [
        ['unlike=true', /^unlike cannot be answered here: the features of the training photos are gone/],
        ['why=true', /^why cannot be answered here: the features .*; the scores of knn are not linear/],
        ['overlay=true', /^overlay cannot be answered here: the scores of knn/],
        ['coverage=0.9', /^coverage cannot be answered here: its report holds no conformal scores/],
      ] as const) {
        const [status, error] = await errorOf(await ask(query, without.url));
        assert.equal(status, 400);
        assert.match(error, reason);
      }
    } finally {
      await without.close();
    }
  });

  it('reports at start what it cannot compute', async () => {
    const gone = join(root, 'gone');
    await cp(linear, gone, { recursive: true });
    const file = join(gone, 'report.json');
    const report = JSON.parse(await readFile(file, 'utf8')) as Report;
    await writeFile(file, JSON.stringify({ ...report, splitHash: '0'.repeat(64) }));
    const { withTrainingPhotos } = await import('../../src/serve/served-head.ts');
    const { loadReportHead } = await import('../../src/predict/load-head.ts');
    const told: string[] = [];
    const named = { ...(await loadReportHead(gone)), name: basename(gone) };
    const [served] = await withTrainingPhotos([named], 1, (line) => told.push(line));
    assert.match(
      told.join(),
      /^gone: answers without the nearest training photos and the mark "unlike": the feature set/,
    );
    assert.equal(typeof served?.photos, 'string');
  });
});
