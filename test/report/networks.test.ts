import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headDifferences } from '../../src/report/analysis/differences.ts';
import { groupReports, reportNames } from '../../src/report/comparison.ts';
import { networkDifferences } from '../../src/report/networks.ts';
import { terminalComparison } from '../../src/report/terminal.ts';
import { drawReport } from './drawn-report.ts';

const imagesSha256 = '1'.repeat(64);
const drawn = [
  { model: 'svm', skill: 0.95, set: 'cache/good', features: 'a'.repeat(64), imagesSha256 },
  { model: 'linear', skill: 0.9, set: 'cache/good', features: 'a'.repeat(64), imagesSha256 },
  { model: 'svm', skill: 0.2, set: 'cache/bad', features: 'b'.repeat(64), imagesSha256 },
  { model: 'forest', skill: 0.4, set: 'cache/bad', features: 'b'.repeat(64), imagesSha256 },
].map(drawReport);
const [group, ...others] = groupReports(drawn.map(({ report }) => report));
const reports = group?.reports ?? [];
const names = reportNames(reports);
const runs = reports.map((report, i) => ({
  name: names[i] as string,
  report,
  predictions: drawn.find((each) => each.report === report)?.predictions,
}));
const verdicts = headDifferences(runs);

test("compares two networks by the best head of each, with McNemar's test of these heads", () => {
  assert.equal(others.length, 0);
  const [found, ...more] = networkDifferences(reports, names, verdicts);
  assert.equal(more.length, 0);
  assert.deepEqual([found?.first, found?.second], ['good', 'bad']);
  assert.equal(found?.heads.first, names[0]);
  assert.match(found?.heads.second ?? '', /^forest on bad$/);
  assert.equal(found?.heads.test, 'McNemar, mid-p');
  assert.equal(found?.heads.distinguishable, true);
});

test('prints which network is better before which head is, and each verdict once', () => {
  const text = terminalComparison({ groups: group === undefined ? [] : [group], unreadable: [] }, [verdicts]);
  assert.match(
    text,
    /2 networks on the same images, by their sha256: cache.good \(resnet50\), aaaaaaaaaaaa; cache.bad/,
  );
  const said = text.split('\n').filter((line) => line.includes(' is better than '));
  assert.match(said[0] ?? '', /^By the best heads of good and bad, \w+ on good is better than forest on bad on these/);
  assert.equal(text.split(`${names[0]} is better than forest on bad`).length, 2);
});

test('prints nothing about networks where there is one', () => {
  const alone = reports.filter(({ features }) => features.startsWith('a'));
  assert.deepEqual(networkDifferences(alone, reportNames(alone), verdicts), []);
});
