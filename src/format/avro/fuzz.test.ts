import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isLakefrontError } from '../../errors.ts'
import { memorySource } from '../../storage/memory.ts'
import type { ColumnData } from '../../types/column-data.ts'
import { openAvro } from './container.ts'
import { readAvro } from './read-avro.ts'

const folder = join(import.meta.dirname, 'fixtures/foreign')
const seeds = readdirSync(folder)
  .filter((name) => name.endsWith('.avro'))
  .map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(folder, name))) }))

/** Numbers that are the same for the same seed: mulberry32. */
function chanceOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** Bits flipped, bytes replaced by those that mean most, spans cut out, doubled, exchanged with those of another file. */
function mutated(bytes: Uint8Array, other: Uint8Array, chance: (below: number) => number): Uint8Array {
  let result = bytes.slice()
  for (let count = 1 + chance(3); count > 0; count--) {
    const at = chance(result.length)
    const length = 1 + chance(Math.min(40, result.length - at))
    switch (chance(6)) {
      case 0:
        result[at]! ^= 1 << chance(8)
        break
      case 1:
        result[at] = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff][chance(7)]!
        break
      case 2:
        result = result.slice(0, at)
        break
      case 3:
        result = Uint8Array.of(...result.subarray(0, at), ...result.subarray(at + length))
        break
      case 4:
        result = Uint8Array.of(...result.subarray(0, at), ...result.subarray(at, at + length), ...result.subarray(at))
        break
      default:
        result.set(other.subarray(0, Math.min(length, other.length)), Math.min(at, result.length - length))
    }
    if (result.length === 0) return result
  }
  return result
}

/** What a column must be for the engine to read it safely, whatever the file was. */
function check(column: ColumnData): void {
  const { length, offsets, values, children } = column
  if (offsets !== undefined) {
    expect(offsets.length).toBeGreaterThanOrEqual(length + 1)
    const end = children === undefined ? values!.length : children[0]!.length
    for (let row = 0; row < length; row++)
      if (offsets[row]! > offsets[row + 1]! || offsets[row + 1]! > end) throw new Error('offsets run wild')
  } else for (const child of children ?? []) if (child.length !== length) throw new Error('a child has another length')
  for (const child of children ?? []) check(child)
}

async function read(bytes: Uint8Array): Promise<number> {
  const file = await openAvro(memorySource(bytes, 'fuzz.avro'))
  const wanted = file.fields.map((_, index) => index)
  let rows = 0
  for await (const { length, columns } of readAvro(file, wanted, { readsAhead: false })) {
    rows += length
    columns.forEach(check)
  }
  return rows
}

test('12,000 damaged files end in rows or in an error that says what is wrong', async () => {
  const chance = chanceOf(20_240_229)
  const seen = new Map<string, number>()
  for (let turn = 0; turn < 12_000; turn++) {
    // Large files, and those whose libraries are slow to start, come less often.
    const { name, bytes } = seeds[chance(seeds.length)]!
    const isSlow = bytes.length > 10_000 && turn % 8 !== 0
    const seed = isSlow ? seeds[turn % 4]! : { name, bytes }
    const input = mutated(seed.bytes, seeds[chance(seeds.length)]!.bytes, chance)
    const before = input.slice()
    const outcome = await read(input).catch((error: unknown) => error)
    if (typeof outcome !== 'number' && !isLakefrontError(outcome))
      throw new Error(`turn ${turn}, ${seed.name}: ${String(outcome)}`, { cause: outcome })
    const kind = isLakefrontError(outcome) ? outcome.code : 'rows'
    seen.set(kind, (seen.get(kind) ?? 0) + 1)
    if (turn % 100 === 0) expect(input).toEqual(before)
  }
  expect(
    [...seen.keys()].every((kind) => /^(rows|CORRUPT_FILE|UNSUPPORTED|INVALID_VALUE|TYPE_MISMATCH)$/.test(kind)),
  ).toBe(true)
  expect(seen.get('CORRUPT_FILE')).toBeGreaterThan(5000)
  expect(seen.get('rows')).toBeGreaterThan(300)
}, 60_000)
