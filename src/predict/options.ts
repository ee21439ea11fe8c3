/** Options that open the network of a head: of the verbs that take new photos. */
export const embedderOptions = {
  weights: { describe: "new location of the backbone's weights, if they were moved", text: true },
  seed: { describe: 'of random weights', numbers: { min: 0, whole: true }, unset: "the feature set's" },
  threads: {
    describe: 'upper bound; results do not depend on it',
    numbers: { min: 1, whole: true },
    unset: 'all cores',
  },
} as const;

/** The folder of a report that the verb takes its head from. */
export const headOption = { describe: 'folder of a report, as classify writes it', text: true } as const;

/** What a head says of photos, beside their classes. */
export const sayingOptions = {
  top: { describe: 'classes to show per image', numbers: { min: 1, whole: true }, default: 5 },
  // Past this ResNet50 gains nothing on a CPU, and answers come later.
  batch: { describe: 'images per run of the network', numbers: { min: 1, max: 1024, whole: true }, default: 8 },
} as const;
