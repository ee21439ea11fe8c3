import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { firstView, formatAddress, parseAddress, type View } from '../../../src/report/page/client/address.ts';
import { classesNamed } from '../../../src/report/page/client/filters.ts';
import type { GroupJson } from '../../../src/report/page/client/json.ts';
import { Group } from '../../../src/report/page/client/model.ts';
import { fewerCorners, isWithin } from '../../../src/report/page/client/region.ts';
import { selectionCsv } from '../../../src/report/page/client/selection-csv.ts';
import { shareOf, u16, u32 } from '../../../src/report/page/data/group-json.ts';

const runs = [['svm linear', 'knn'], ['mlp C=1,2']] as const;

test('an address restores every view that it encodes', () => {
  const view = (runCount: number): fc.Arbitrary<View> =>
    fc.record(
      {
        run: fc.nat(runCount - 1),
        left: fc.nat(runCount - 1),
        right: fc.nat(runCount - 1),
        order: fc.constantFrom('telling', 'labels', 'doubtful', 'id'),
        filters: fc.record(
          {
            className: fc.string({ unit: 'grapheme' }),
            answer: fc.constantFrom('all', 'right', 'wrong'),
            side: fc.constantFrom('all', 'test', 'training'),
            least: fc.nat(100),
            most: fc.nat(100),
            suspected: fc.boolean(),
            copies: fc.boolean(),
            region: fc.constantFrom([], [0.125, 0.5, 1, 0, 0.25, 0.75]),
          },
          { noNullPrototype: true },
        ),
      },
      { noNullPrototype: true },
    );
  fc.assert(
    fc.property(view(2), view(1), fc.constantFrom('', 'g0-explore'), (first, second, at) => {
      const read = parseAddress(`#${formatAddress(at, [first, second], runs)}`, runs);
      assert.deepEqual(read, { at, views: [first, second] });
    }),
  );
  assert.equal(formatAddress('', [firstView(2), firstView(1)], runs), '');
});

test('an address with meaningless words opens the initial view', () => {
  for (const hash of ['#%', '#run=none&least=900&answer=perhaps&region=1 2 x', '#g0-runs&most=&side=left']) {
    assert.deepEqual(parseAddress(hash, runs).views, [firstView(2), firstView(1)]);
  }
});

test('a text selects the class with exactly this name, else all that contain it, in any case', () => {
  const classes = ['Terrier', 'norwich_terrier', 'boxer'];
  assert.deepEqual([...classesNamed(' terrier ', classes)], [0]);
  assert.deepEqual([...classesNamed('errier', classes)], [0, 1]);
  assert.deepEqual([...classesNamed('cat', classes)], []);
});

test('a region that intersects itself selects the points inside its outline', () => {
  // The shape of a U.
  const corners = [0, 0, 1, 0, 1, 3, 2, 3, 2, 0, 3, 0, 3, 4, 0, 4];
  assert.ok(isWithin(corners, 0.5, 1));
  assert.ok(isWithin(corners, 1.5, 3.5));
  assert.ok(!isWithin(corners, 1.5, 1), 'between the legs');
  assert.ok(!isWithin([], 0, 0));
  const many = Array.from({ length: 500 }, (_, i) => [Math.cos(i / 80), Math.sin(i / 80)]).flat();
  assert.equal(fewerCorners(many).length, 64);
  assert.deepEqual(fewerCorners(corners), corners);
});

/** Three photos of two classes in two repeats; the first is tested twice, the second once, the third never. */
const json: GroupJson = {
  classes: ['cat', 'dog, "big"'],
  images: {
    ids: ['=one', 'two', 'three'],
    labels: u16([0, 1, 1]),
    pattern: ['train/', '.jpg'],
    paths: { 2: 'other/3,a.png' },
    folder: 'data',
    link: '../data',
    photos: ['', '', ''],
  },
  tested: { image: u32([0, 1, 0]), repeat: u16([0, 0, 1]) },
  runs: [
    {
      name: 'svm',
      answers: {
        predicted: u16([0, 1, 1]),
        probability: u16([0.9, 0.8, 0.6].map(shareOf)),
        trueProbability: u16([0.9, 0.8, 0.4].map(shareOf)),
      },
      cells: u32([0, 0, 1, 0, 1, 1, 1, 1, 1]),
      order: u16([0, 1]),
      perClass: [],
      suspects: { image: u32([1]), suggestion: u16([0]), label: u16([shareOf(0.1)]), suggested: u16([shareOf(0.9)]) },
    },
  ],
  near: { count: 2, nearest: u32([1, 2, 0, 2, 0, 4_294_967_295]), similarity: u16([6e4, 5e4, 6e4, 4e4, 5e4, 0]) },
  twins: [[0, 2]],
};

test('of several predictions for a photo the most confident wrong one is shown', () => {
  const { runs: made } = new Group(json);
  assert.equal(made[0]?.verdict(0)?.predicted, 1);
  assert.equal(made[0]?.verdict(1)?.predicted, 1);
  assert.equal(made[0]?.verdict(2), undefined);
});

test('the nearest training photos are those that some head trained on when the photo was tested', () => {
  const group = new Group(json);
  const places = (place: number): number[] => group.nearestTraining(place).map((near) => near.place);
  // In repeat 1 the second was in training; in repeat 0 both were tested.
  assert.deepEqual(places(0), [1, 2]);
  assert.deepEqual(places(1), [2]);
  assert.deepEqual(places(2), [0]);
});

test('selected photos become CSV, with suggestions where labels are suspected', () => {
  const group = new Group(json);
  assert.equal(
    selectionCsv([0, 1, 2], group, group.runs[0] as Group['runs'][0]),
    'id,label,suggestion,path\n\'=one,cat,,data/train/=one.jpg\ntwo,"dog, ""big""",cat,data/train/two.jpg\nthree,"dog, ""big""",,"data/other/3,a.png"\n',
  );
});
