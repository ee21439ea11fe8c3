/** How many photos `find` lists, and on how many threads. */
export const findOptions = {
  count: { describe: 'photos to list', numbers: { whole: true, min: 1, max: 10_000 }, default: 20 },
  threads: {
    describe: 'threads of the network and of the search',
    numbers: { whole: true, min: 1, max: 1024 },
    unset: 'all cores',
  },
} as const;
