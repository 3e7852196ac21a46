/** For tests that hold a promise in milliseconds, which is made for a machine at rest: a busy one gets three tries. */
export const timed = { retry: 2 }

/** For tests of what happens by chance: a failure is found once in many runs, and no second try may hide it. */
export const once = { retry: 0, timeout: 900_000 }
