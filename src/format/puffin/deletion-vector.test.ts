import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readDeletionVectors } from './deletion-vector.ts'
import { bareVector, puffinFile } from './fixtures/vectors.ts'
import { readRoaringBitmap } from './roaring-bitmap.ts'

interface Case {
  readonly name: string
  /** First, end and step of the numbers, as Python's `range` has them. */
  readonly ranges: readonly (readonly [number, number, number])[]
  readonly bytes: string
}

/** Written by CRoaring 4 through `pyroaring`: `base64(BitMap(…).serialize())`, with `run_optimize()` where runs are named. */
const cases = JSON.parse(readFileSync(new URL('fixtures/croaring.json', import.meta.url), 'utf8')) as readonly Case[]

const bytesOf = ({ bytes }: Case): Uint8Array => new Uint8Array(Buffer.from(bytes, 'base64'))

function numbersOf({ ranges }: Case): number[] {
  return ranges.flatMap(([start, end, step]) =>
    Array.from({ length: Math.ceil((end - start) / step) }, (_, index) => start + index * step),
  )
}

describe('bitmaps of CRoaring', () => {
  test.each(cases)('$name', (given) => {
    const bytes = bytesOf(given)
    const { values, length } = readRoaringBitmap(bytes)
    expect([...values]).toEqual(numbersOf(given))
    expect(length).toBe(bytes.length)
  })

  test.each(cases)('$name as a vector by itself and in a Puffin file', (given) => {
    const bare = bareVector(bytesOf(given))
    expect(readDeletionVectors(bare, 'x.puffin').map(({ positions }) => [...positions])).toEqual([numbersOf(given)])
    const file = puffinFile([
      { vector: bareVector(bytesOf(cases[1]!)), snapshot: 9 },
      { vector: bare, snapshot: 4 },
    ])
    const found = readDeletionVectors(file, 'x.puffin')
    expect(found.map(({ snapshot }) => snapshot)).toEqual([4, 9])
    expect([...found[0]!.positions]).toEqual(numbersOf(given))
  })

  test('any damage is an error with a code and the name, or what was there', () => {
    const given = cases.find(({ name }) => name === 'runs, few')!
    const whole = puffinFile([{ vector: bareVector(bytesOf(given)), snapshot: 4 }])
    fc.assert(
      fc.property(
        fc.nat({ max: whole.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        (at, bits, cuts) => {
          const bytes = cuts ? whole.slice(0, at) : whole.slice()
          if (!cuts) bytes[at]! ^= bits
          try {
            for (const { positions } of readDeletionVectors(bytes, 'x.puffin'))
              expect([...positions]).toEqual(numbersOf(given))
          } catch (error) {
            expect(error).toMatchObject({
              code: expect.stringMatching(/^(CORRUPT_FILE|UNSUPPORTED)$/),
              message: expect.stringContaining('"x.puffin"'),
            })
          }
        },
      ),
      { numRuns: 3000, seed: 7 },
    )
  })

  test('a changed bit of a vector is noticed by its checksum', () => {
    const bare = bareVector(bytesOf(cases[2]!))
    bare[bare.length - 10]! ^= 1
    expect(() => readDeletionVectors(bare, 'a.puffin')).toThrow(/"a\.puffin" .* checksum is wrong/)
  })

  test('a bitmap whose parts lie about their sizes is an error', () => {
    fc.assert(
      fc.property(fc.constantFrom(...cases.slice(1, 7)), fc.nat(), fc.nat({ max: 255 }), (given, at, byte) => {
        const bytes = bytesOf(given)
        bytes[at % Math.min(bytes.length, 64)] = byte
        try {
          const { values } = readRoaringBitmap(bytes)
          expect(values.every((value, index) => index === 0 || value > values[index - 1]!)).toBe(true)
        } catch (error) {
          expect(error).toMatchObject({ code: 'CORRUPT_FILE' })
        }
      }),
      { numRuns: 2000, seed: 8 },
    )
  })
})
