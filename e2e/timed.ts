/** For tests that hold a promise in milliseconds, which is made for a machine at rest: a busy one gets three tries. */
export const timed = { retry: 2 }
