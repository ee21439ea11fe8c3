/** Options for the network of a head, for commands on new photos. */
export const embedderOptions = {
  weights: { describe: "new location of the backbone's weights, if they were moved", text: true },
  seed: { describe: 'of random weights', numbers: { min: 0, whole: true }, unset: "the feature set's" },
  threads: {
    describe: 'upper bound; results do not depend on it',
    numbers: { min: 1, whole: true, max: 1024 },
    unset: 'all cores',
  },
} as const;

export const headOption = { describe: 'folder of a report, as classify writes it', text: true } as const;

export const answerOptions = {
  top: { describe: 'classes to show per image', numbers: { min: 1, whole: true }, default: 5 },
  // Larger batches do not speed up a ResNet50 on a CPU, and delay answers.
  batch: { describe: 'images per run of the network', numbers: { min: 1, max: 1024, whole: true }, default: 8 },
} as const;

/** Options for what is reported besides the classes. */
export const uncertaintyOptions = {
  coverage: {
    describe: 'answer with a set of classes that contains the true one this often: 0.95, or 95%',
    numbers: { above: 0, max: 0.9999, percent: true, usual: 0.95 },
  },
  abstain: {
    describe:
      'one class, or "not sure" if the set of --coverage (default 0.95) has more, or the photo is unlike the training photos',
    flag: true,
  },
  unlike: {
    describe: 'mark photos unlike the training photos (needs their feature set)',
    flag: true,
  },
  why: {
    describe: 'list the nearest training photos (id, label, similarity), and where the class activation map is highest',
    flag: true,
  },
} as const;

/** How many photos `find` lists, where the network's weights are, and the number of threads. */
export const findOptions = {
  weights: { describe: "new location of the network's weights, if they were moved", text: true },
  count: { describe: 'photos to list', numbers: { whole: true, min: 1, max: 10_000 }, default: 20 },
  threads: {
    describe: 'threads of the network and of the search',
    numbers: { whole: true, min: 1, max: 1024 },
    unset: 'all cores',
  },
} as const;
