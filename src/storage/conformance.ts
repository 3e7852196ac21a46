import { describe, expect, test } from 'vitest'
import { isLakefrontError } from '../errors.ts'
import type { ByteSource } from './storage.ts'

/** How to make objects for a driver; what `make` returns is read through a source of its own. */
export interface ByteSourceCase {
  readonly name: string
  make(bytes: Uint8Array): Promise<ByteSource> | ByteSource
}

/** What every {@link ByteSource} does the same. A driver's test calls this and adds its own peculiarities. */
export function testByteSource({ name, make }: ByteSourceCase): void {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 7 + (index >> 8)) & 0xff)

  describe(`${name} as a byte source`, () => {
    test('tells the size, the same validator each time, and a label without secrets', async () => {
      const source = await make(bytes)
      const stat = await source.stat()
      expect(stat.size).toBe(bytes.length)
      expect(await source.stat()).toEqual(stat)
      expect(source.label).not.toBe('')
      expect(source.label).not.toMatch(/[?@]/)
    })

    test('gives exactly the bytes of a range', async () => {
      const source = await make(bytes)
      const ranges = [
        [0, 1],
        [0, 4],
        [12, 34],
        [99_999, 100_000],
        [0, 100_000],
        [50_000, 50_000],
      ] as const
      for (const [start, end] of ranges) expectBytes(await source.read(start, end), bytes.slice(start, end))
      const together = await Promise.all(ranges.map(([start, end]) => source.read(start, end)))
      ranges.forEach(([start, end], index) => expectBytes(together[index]!, bytes.slice(start, end)))
    })

    test('gives bytes that are the caller’s to change', async () => {
      const source = await make(bytes)
      const first = await source.read(0, 100)
      first.fill(0xff)
      expect(await source.read(0, 100)).toEqual(bytes.slice(0, 100))
    })

    test('reads under the validator it told, and refuses under another', async () => {
      const source = await make(bytes)
      const { etag } = await source.stat()
      expect(etag).toBeDefined()
      expect(await source.read(0, 10, { ifMatch: etag! })).toEqual(bytes.slice(0, 10))
      const refused = await failure(source.read(0, 10, { ifMatch: '"another"' }))
      expect(isLakefrontError(refused, 'SOURCE_CHANGED')).toBe(true)
    })

    test('fails for a range that is not there, instead of giving less', async () => {
      const source = await make(bytes)
      const { etag } = await source.stat()
      for (const [start, end] of [
        [99_999, 100_001],
        [200_000, 200_001],
      ] as const) {
        const error = await failure(source.read(start, end, { ifMatch: etag! }))
        expect(isLakefrontError(error)).toBe(true)
      }
      expect(await source.read(0, 3)).toEqual(bytes.slice(0, 3))
    })

    test('an empty object has size 0', async () => {
      const source = await make(new Uint8Array())
      expect((await source.stat()).size).toBe(0)
      expect(await source.read(0, 0)).toEqual(new Uint8Array())
    })

    test('an abort rejects with its own reason', async () => {
      const source = await make(bytes)
      const reason = new Error('enough')
      const signal = AbortSignal.abort(reason)
      expect(await failure(source.stat({ signal }))).toBe(reason)
      expect(await failure(source.read(0, 10, { signal }))).toBe(reason)
      expect(await source.read(0, 10)).toEqual(bytes.slice(0, 10))
    })

    test('counts requests and bytes, in all and per caller', async () => {
      const source = await make(bytes)
      await source.stat()
      const before = { ...source.traffic }
      const meter = { requests: 0, bytes: 0 }
      await source.read(10, 1010, { meter })
      expect(meter).toEqual({
        requests: source.traffic.requests - before.requests,
        bytes: source.traffic.bytes - before.bytes,
      })
      expect(source.traffic.bytes).toBeGreaterThanOrEqual(1000)
      expect(source.traffic.requests).toBeGreaterThan(0)
    })
  })
}

/** Compares at full length without the cost of a difference nobody wants to read. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.length).toBe(expected.length)
  expect(actual.findIndex((byte, index) => byte !== expected[index])).toBe(-1)
}

/** What a promise rejects with; fails the test when it does not. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  const settled = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  expect(settled).toHaveProperty('error')
  return (settled as { error: unknown }).error
}
