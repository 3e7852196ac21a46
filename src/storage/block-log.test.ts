import { closeSync, fstatSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { BlockLog } from './block-log.ts'
import type { WritableLogFile } from './block-log.ts'
import { checksum } from './checksum.ts'
import { expectBytes } from './conformance.ts'

const folder = mkdtempSync(join(tmpdir(), 'lakefront-log-'))
const open: number[] = []
let files = 0

afterEach(() => {
  for (const descriptor of open.splice(0)) closeSync(descriptor)
})
afterAll(() => rmSync(folder, { recursive: true }))

function fileOnDisk(): WritableLogFile {
  const descriptor = openSync(join(folder, `${files++}`), 'w+')
  open.push(descriptor)
  return {
    size: () => fstatSync(descriptor).size,
    read(start, end) {
      const bytes = new Uint8Array(end - start)
      return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, start))
    },
    write: (bytes, at) => void writeSync(descriptor, bytes, 0, bytes.length, at),
    truncate: (size) => ftruncateSync(descriptor, size),
  }
}

const object = { label: 'https://host.example/a.parquet', size: 2_000_000, etag: '"v1"' }
const content = Uint8Array.from({ length: object.size }, (_, index) => (index * 31 + (index >> 8)) & 0xff)

async function reopened(file: WritableLogFile): Promise<BlockLog> {
  const log = await BlockLog.open(file)
  expect(log).toBeDefined()
  return log!
}

test('what was written is there when the file is opened again, however it was cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(1_900_000), fc.integer({ min: 1, max: 600_000 })), { minLength: 1, maxLength: 6 }),
      fc.nat(1_900_000),
      async (ranges, at) => {
        const file = fileOnDisk()
        const log = BlockLog.create(file, object)
        const isHeld = new Uint8Array(object.size)
        for (const [start, length] of ranges) {
          const end = Math.min(start + length, object.size)
          log.append(file, start, content.subarray(start, end))
          isHeld.fill(1, start, end)
        }
        for (const each of [log, await reopened(file)]) {
          expect(each.object).toEqual(object)
          expect(each.fileBytes).toBe(file.size())
          const { parts, gaps } = (await each.read(at, at + 100_000))!
          const found = new Uint8Array(100_000)
          for (const { start, bytes } of parts) {
            expectBytes(bytes, content.slice(start, start + bytes.length))
            found.fill(1, start - at, start - at + bytes.length)
          }
          expectBytes(found, isHeld.slice(at, at + 100_000))
          expect(gaps.reduce((sum, gap) => sum + gap.end - gap.start, 0)).toBe(100_000 - found.filter(Boolean).length)
        }
      },
    ),
    { numRuns: 25, seed: 5 },
  )
})

describe('damage', () => {
  async function written(): Promise<WritableLogFile> {
    const file = fileOnDisk()
    const log = BlockLog.create(file, object)
    for (let start = 0; start < 1_000_000; start += 100_000)
      log.append(file, start, content.subarray(start, start + 100_000))
    return file
  }

  test('in any byte is never given as content', async () => {
    const file = await written()
    const size = file.size()
    for (let seed = 1; seed <= 200; seed++) {
      const at = (seed * 7919 * 613) % size
      const [before] = await file.read(at, at + 1)
      file.write(Uint8Array.of(before! ^ (1 << (seed % 8))), at)
      const log = await BlockLog.open(file)
      const held = log?.object.etag === object.etag ? await log.read(0, 1_000_000) : undefined
      for (const { start, bytes } of held?.parts ?? []) expectBytes(bytes, content.slice(start, start + bytes.length))
      file.write(Uint8Array.of(before!), at)
    }
  })

  test('at the end loses the end only, and what is written then follows what is left', async () => {
    const file = await written()
    file.truncate(file.size() - 50_000)
    const log = await reopened(file)
    expect((await log.read(0, 1_000_000))!.gaps).toEqual([{ start: 900_000, end: 1_000_000 }])
    log.append(file, 900_000, content.subarray(900_000, 1_000_000))
    expect((await (await reopened(file)).read(0, 1_000_000))!.gaps).toEqual([])
  })

  test.each([
    ['an empty file', new Uint8Array()],
    ['something else', new TextEncoder().encode('PAR1 and so on, for a while')],
    [
      'a header that claims too much',
      Uint8Array.of(0x4c, 0x46, 0x52, 0x31, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0),
    ],
  ])('as in %s', async (_, bytes) => {
    const file = fileOnDisk()
    if (bytes.length > 0) file.write(bytes, 0)
    expect(await BlockLog.open(file)).toBeUndefined()
  })
})

test('the end that is held without a gap', () => {
  const file = fileOnDisk()
  const log = BlockLog.create(file, object)
  expect(log.heldAtEnd()).toBe(0)
  log.append(file, object.size - 1000, content.subarray(-1000))
  log.append(file, object.size - 3000, content.subarray(-3000))
  log.append(file, 0, content.subarray(0, 1000))
  expect(log.heldAtEnd()).toBe(3000)
})

test('sums differ for one bit, a length, a place, and do not depend on alignment', () => {
  const bytes = content.slice(0, 1003)
  const shifted = new Uint8Array(1004)
  shifted.set(bytes, 1)
  expect(checksum(shifted.subarray(1), 1)).toBe(checksum(bytes, 1))
  const sums = new Set([checksum(bytes, 1), checksum(bytes, 2), checksum(bytes.subarray(0, 1002), 1)])
  for (let bit = 0; bit < 8024; bit += 13) {
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    sums.add(checksum(bytes, 1))
    bytes[bit >> 3]! ^= 1 << (bit & 7)
  }
  expect(sums.size).toBe(3 + Math.ceil(8024 / 13))
  expect(checksum(new Uint8Array(), 1)).not.toBe(checksum(new Uint8Array(4), 1))
})
