// What `npm test` prints: node's own spec reporter, and before its summary the tests that did not run, by reason, and
// the files that took longest. It names places in the sources for those in the bundles: node's own --enable-source-maps takes
// a quarter of a second of a large test's process, for stacks that few of them print.
import { readdirSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { spec } from 'node:test/reporters';

const slowestShown = Number(process.env.FEATURETAP_TEST_SHOWN ?? 5);

/** The bundle of test/a/b.test.ts is 07+test+a+b.test.js. */
function fileOf(bundle) {
  return basename(bundle)
    .replace(/^\d+\+/, '')
    .replaceAll('+', '/')
    .replace(/js$/, 'ts');
}

/** Seconds of processor time of each file and of what it started, as test-times.js wrote them. */
function processorSeconds(folder) {
  if (folder === undefined) return new Map();
  return new Map(readdirSync(folder).map((name) => [fileOf(name), Number(readFileSync(join(folder, name), 'utf8'))]));
}

/** Source maps of bundles, by their path; undefined where there is none. */
const maps = new Map();

function mapOf(bundle) {
  if (!maps.has(bundle)) {
    try {
      maps.set(bundle, new SourceMap(JSON.parse(readFileSync(`${bundle}.map`, 'utf8'))));
    } catch {
      maps.set(bundle, undefined);
    }
  }
  return maps.get(bundle);
}

/** Where in the sources a place of a bundle comes from; undefined where its map does not say. */
function sourceOf(bundle, line, column) {
  const found = mapOf(bundle)?.findEntry(line - 1, column - 1);
  if (found?.originalSource === undefined) return undefined;
  const file = resolve(dirname(bundle), found.originalSource);
  return { file, line: found.originalLine + 1, column: found.originalColumn + 1 };
}

/** A text with the places in the sources for those in the bundles. */
function inSources(text) {
  const places = /(?:file:\/\/)?([^\s()']*featuretap-tests[^\s()']*\.js):(\d+):(\d+)/g;
  return text.replace(places, (place, bundle, line, column) => {
    const source = sourceOf(bundle, Number(line), Number(column));
    return source === undefined ? place : `${source.file}:${source.line}:${source.column}`;
  });
}

export default class Reporter extends Transform {
  #spec = new spec();
  #skipped = new Map();
  #seconds = new Map();
  #summarized = false;

  constructor() {
    super({ writableObjectMode: true });
    this.#spec.on('data', (text) => this.push(text));
  }

  _transform(event, _encoding, done) {
    const { type, data } = event;
    // Times are a process's, which may be that of several files.
    const timed = data.file === undefined ? undefined : join(process.cwd(), fileOf(data.file));
    if (data.file?.endsWith('.js')) Object.assign(data, sourceOf(data.file, data.line, data.column) ?? { file: timed });
    for (let error = data.details?.error; error instanceof Error; error = error.cause) {
      if (typeof error.stack === 'string') error.stack = inSources(error.stack);
    }
    if (type === 'test:stderr') data.message = inSources(data.message);
    if ((type === 'test:pass' || type === 'test:fail') && data.file !== undefined) {
      if (data.skip !== undefined) this.#skip(data);
      // A suite's time holds that of its tests.
      else if (data.nesting === 0)
        this.#seconds.set(timed, (this.#seconds.get(timed) ?? 0) + data.details.duration_ms / 1000);
    }
    // The first line of the summary of all files: nothing that a test prints has this form at the outermost level.
    if (
      type === 'test:diagnostic' &&
      data.file === undefined &&
      data.message.startsWith('tests ') &&
      !this.#summarized
    ) {
      this.#summarized = true;
      this.push(this.#aside());
    }
    this.#spec.write(event, done);
  }

  _flush(done) {
    this.#spec.on('end', done);
    this.#spec.end();
  }

  #skip({ skip, name, file }) {
    const reason = skip === true || skip === '' ? 'no reason given' : String(skip).replace(/^skipped: /, '');
    const tests = this.#skipped.get(reason) ?? [];
    this.#skipped.set(reason, [...tests, `${relative(process.cwd(), file)}: ${name}`]);
  }

  #aside() {
    const lines = [];
    const processor = processorSeconds(process.env.FEATURETAP_TEST_TIMES);
    const files = [...this.#seconds].map(([file, seconds]) => ({ file: relative(process.cwd(), file), seconds }));
    const cost = ({ file, seconds }) => processor.get(file) ?? seconds;
    // Files that share a process have no processor time of their own.
    const measured = files.filter(({ file }) => processor.has(file));
    const slowest = (measured.length > 0 ? measured : files).sort((a, b) => cost(b) - cost(a)).slice(0, slowestShown);
    if (files.length > 1) {
      const column = (seconds) => (seconds === undefined ? '' : seconds.toFixed(1)).padStart(9);
      lines.push(
        'slowest files:',
        'processor    clock',
        ...slowest.map(({ file, seconds }) => `${column(processor.get(file))}${column(seconds)} s  ${file}`),
        `${column([...processor.values()].reduce((sum, seconds) => sum + seconds, 0))}          s  all ${files.length}`,
        '',
      );
    }
    if (this.#skipped.size === 0) lines.push('nothing was skipped');
    else
      lines.push(
        'not run here:',
        ...[...this.#skipped].flatMap(([reason, tests]) => [`  ${reason}`, ...tests.map((test) => `    ${test}`)]),
      );
    return `\n${lines.join('\n')}\n\n`;
  }
}
