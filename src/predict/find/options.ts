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
