/** Bytes that are asked for at once. */
const poolBytes = 4096

/**
 * `random_get` of WASI for a memory: random bytes of the host, many of which are asked for at once. DuckDB seeds a generator for every scan, 4 bytes at
 * a time, and a call to the host for each takes longer than a small query.
 */
export function pooledRandom(memory: WebAssembly.Memory): (pointer: number, length: number) => number {
  const pool = new Uint8Array(poolBytes)
  let used = poolBytes
  return (pointer, length) => {
    const target = new Uint8Array(memory.buffer, pointer >>> 0, length >>> 0)
    for (let at = 0; at < target.length;) {
      if (used === poolBytes) {
        crypto.getRandomValues(pool)
        used = 0
      }
      const some = pool.subarray(used, used + target.length - at)
      target.set(some, at)
      at += some.length
      used += some.length
    }
    return 0
  }
}
