// What `npm test` prints: node's own spec reporter, and before its summary the tests that did not run, by reason, and
// the files that took longest.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Transform } from 'node:stream';
import { spec } from 'node:test/reporters';

const slowestShown = Number(process.env.FEATURETAP_TEST_SHOWN ?? 5);

/** Seconds of processor time of each file and of what it started, as test-times.js wrote them. */
function processorSeconds(folder) {
  if (folder === undefined) return new Map();
  // The bundle of test/a/b.test.ts is 07+test+a+b.test.js.
  const fileOf = (name) =>
    name
      .replace(/^\d+\+/, '')
      .replaceAll('+', '/')
      .replace(/js$/, 'ts');
  return new Map(readdirSync(folder).map((name) => [fileOf(name), Number(readFileSync(join(folder, name), 'utf8'))]));
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
    if ((type === 'test:pass' || type === 'test:fail') && data.file !== undefined) {
      if (data.skip !== undefined) this.#skip(data);
      // A suite's time holds that of its tests.
      else if (data.nesting === 0)
        this.#seconds.set(data.file, (this.#seconds.get(data.file) ?? 0) + data.details.duration_ms / 1000);
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
    const slowest = files.sort((a, b) => cost(b) - cost(a)).slice(0, slowestShown);
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
