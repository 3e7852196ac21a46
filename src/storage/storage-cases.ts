import { isLakefrontError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import type { ListEntry, Storage, StorageAbilities } from './storage.ts'
import { compareKeys } from './storage-key.ts'

/** A place of one driver, empty when a case begins. */
export interface StoragePlace {
  /** Another client of the same place, which shares nothing with the others but what is stored. */
  open(): Promise<Storage> | Storage
}

/** One promise of {@link Storage}. Runs in any host: it needs no test framework. */
export interface StorageCase {
  readonly name: string
  /** The case is not for stores without this. */
  readonly needs: readonly (keyof StorageAbilities)[]
  run(place: StoragePlace): Promise<void>
}

/** What every {@link Storage} does the same. Each case throws when a promise is broken. */
export const storageCases: readonly StorageCase[] = [
  {
    name: 'what is written is read back, whole and by ranges, under the validator that was told',
    needs: ['writes'],
    async run(place) {
      const storage = await place.open()
      const bytes = pattern(100_000)
      const written = await storage.write('folder/object.bin', bytes)
      equal(written.size, bytes.length)
      const other = await place.open()
      equal(await other.stat('folder/object.bin'), { size: bytes.length, etag: written.etag })
      const whole = await other.read('folder/object.bin')
      equal([whole.size, whole.etag], [bytes.length, written.etag])
      sameBytes(whole.bytes, bytes)
      const part = await other.read('folder/object.bin', { start: 10, end: 2010, ifMatch: written.etag! })
      sameBytes(part.bytes, bytes.subarray(10, 2010))
      equal([part.size, part.etag], [bytes.length, written.etag])
      const tail = await other.read('folder/object.bin', { start: 99_990 })
      sameBytes(tail.bytes, bytes.subarray(99_990))
      await fails('INVALID_ARGUMENT', other.read('folder/object.bin', { start: 10, end: 100_001 }))
      await fails('SOURCE_CHANGED', other.read('folder/object.bin', { ifMatch: '"another"' }))
      const source = other.open('folder/object.bin')
      const { size, etag } = await source.stat()
      equal(size, bytes.length)
      sameBytes(await source.read(5, 500, { ifMatch: etag! }), bytes.subarray(5, 500))
    },
  },
  {
    name: 'an empty object is an object',
    needs: ['writes'],
    async run(place) {
      const storage = await place.open()
      await storage.write('empty', new Uint8Array())
      equal((await storage.stat('empty')).size, 0)
      equal((await storage.read('empty')).bytes.length, 0)
      await storage.write('streamed', chunks([]))
      equal((await storage.read('streamed')).bytes.length, 0)
    },
  },
  {
    name: 'what is not there is NOT_FOUND',
    needs: [],
    async run(place) {
      const storage = await place.open()
      await fails('NOT_FOUND', storage.stat('none'))
      await fails('NOT_FOUND', storage.read('none'))
      await fails('NOT_FOUND', storage.read('no/folder/none', { start: 0, end: 1 }))
      await fails('NOT_FOUND', storage.open('none').stat())
    },
  },
  {
    name: 'another version has another validator, and reads pinned to the old one fail',
    needs: ['writes'],
    async run(place) {
      const storage = await place.open()
      const seen = new Set<string>()
      for (let version = 0; version < 20; version++) {
        const { etag } = await storage.write('object', pattern(100, version))
        truthy(!seen.has(etag!), 'a validator came twice')
        seen.add(etag!)
      }
      for (const etag of seen) {
        const read = (await place.open()).read('object', { ifMatch: etag })
        if (etag === [...seen].at(-1)) sameBytes((await read).bytes, pattern(100, 19))
        else await fails('SOURCE_CHANGED', read)
      }
    },
  },
  {
    name: 'ifNoneMatch writes where nothing is, once',
    needs: ['writes', 'conditions'],
    async run(place) {
      const storage = await place.open()
      const { etag } = await storage.write('object', pattern(100, 1), { ifNoneMatch: '*' })
      const other = await place.open()
      await fails('PRECONDITION_FAILED', other.write('object', pattern(100, 2), { ifNoneMatch: '*' }))
      await fails('PRECONDITION_FAILED', storage.write('object', chunks([pattern(100, 2)]), { ifNoneMatch: '*' }))
      equal((await other.stat('object')).etag, etag)
      await other.remove('object')
      await storage.write('object', pattern(100, 3), { ifNoneMatch: '*' })
      sameBytes((await other.read('object')).bytes, pattern(100, 3))
    },
  },
  {
    name: 'of many that create one object at once, one wins',
    needs: ['writes', 'conditions'],
    async run(place) {
      const writers = await Promise.all(Array.from({ length: 8 }, () => place.open()))
      const outcomes = await Promise.all(
        writers.map((storage, index) => outcomeOf(storage.write('race', pattern(50, index), { ifNoneMatch: '*' }))),
      )
      equal(outcomes.filter((outcome) => outcome === 'done').length, 1)
      equal(outcomes.filter((outcome) => outcome === 'PRECONDITION_FAILED').length, 7)
      sameBytes((await writers[0]!.read('race')).bytes, pattern(50, outcomes.indexOf('done')))
    },
  },
  {
    name: 'ifMatch writes over the version it names, and over no other and nothing',
    needs: ['writes', 'conditions'],
    async run(place) {
      const storage = await place.open()
      await fails('PRECONDITION_FAILED', storage.write('object', pattern(9), { ifMatch: '"another"' }))
      const first = await storage.write('object', pattern(100, 1))
      const second = await storage.write('object', pattern(100, 2), { ifMatch: first.etag! })
      await fails(
        'PRECONDITION_FAILED',
        (await place.open()).write('object', pattern(100, 3), { ifMatch: first.etag! }),
      )
      await fails('PRECONDITION_FAILED', storage.write('object', chunks([pattern(9)]), { ifMatch: first.etag! }))
      sameBytes((await storage.read('object')).bytes, pattern(100, 2))
      await storage.write('object', chunks([pattern(50, 4), pattern(50, 5)]), { ifMatch: second.etag! })
      equal((await storage.stat('object')).size, 100)
      await storage.remove('object')
      await fails('PRECONDITION_FAILED', storage.write('object', pattern(9), { ifMatch: second.etag! }))
      await fails('NOT_FOUND', storage.stat('object'))
    },
  },
  {
    name: 'compare-and-swap by several clients loses no update',
    needs: ['writes', 'conditions'],
    async run(place) {
      const count = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
      const counter = (value: number): Uint8Array => {
        const bytes = new Uint8Array(4)
        new DataView(bytes.buffer).setUint32(0, value)
        return bytes
      }
      await (await place.open()).write('counter', counter(0))
      const increments = 5
      const clients = await Promise.all(Array.from({ length: 3 }, () => place.open()))
      await Promise.all(
        clients.map(async (storage) => {
          for (let done = 0; done < increments;) {
            const { bytes, etag } = await storage.read('counter')
            const outcome = await outcomeOf(storage.write('counter', counter(count(bytes) + 1), { ifMatch: etag! }))
            if (outcome === 'done') done++
            else truthy(['PRECONDITION_FAILED', 'CONFLICT'].includes(outcome), `a lost race is ${outcome}`)
          }
        }),
      )
      equal(count((await clients[0]!.read('counter')).bytes), increments * clients.length)
    },
  },
  {
    name: 'a write has one condition, and one that makes sense',
    needs: ['writes'],
    async run(place) {
      const storage = await place.open()
      await fails('INVALID_ARGUMENT', storage.write('object', pattern(1), { ifMatch: '"a"', ifNoneMatch: '*' }))
      await fails('INVALID_ARGUMENT', storage.write('object', pattern(1), { ifMatch: '' }))
      await fails('INVALID_ARGUMENT', storage.write('object', pattern(1), { ifNoneMatch: '"a"' as '*' }))
      await fails('NOT_FOUND', storage.stat('object'))
    },
  },
  {
    name: 'a stream of odd chunks from a reused buffer arrives as it was',
    needs: ['writes'],
    async run(place) {
      const storage = await place.open()
      const bytes = pattern(3_000_000)
      const buffer = new Uint8Array(1 << 17)
      async function* stream(): AsyncGenerator<Uint8Array> {
        for (let offset = 0, step = 1; offset < bytes.length; step = ((step * 7) % buffer.length) + 1) {
          const part = bytes.subarray(offset, offset + step)
          buffer.set(part)
          yield buffer.subarray(0, part.length)
          buffer.fill(0xee)
          offset += part.length
        }
      }
      const { size, etag } = await storage.write('streamed', stream())
      equal(size, bytes.length)
      const read = await (await place.open()).read('streamed')
      equal(read.etag, etag)
      sameBytes(read.bytes, bytes)
    },
  },
  {
    name: 'a stream that fails leaves what was there, and rejects with its own error',
    needs: ['writes', 'lists'],
    async run(place) {
      const storage = await place.open()
      const { etag } = await storage.write('old', pattern(10))
      const reason = Object.assign(new Error('the query failed'), { code: 'ENOENT' })
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield pattern(200_000)
        throw reason
      }
      for (const key of ['old', 'new', 'folder/new']) equal(await thrown(storage.write(key, broken())), reason)
      equal((await storage.stat('old')).etag, etag)
      await fails('NOT_FOUND', storage.stat('new'))
      equal(await keysOf(storage), ['old'])
    },
  },
  {
    name: 'an aborted write leaves what was there, and stops its stream',
    needs: ['writes', 'lists'],
    async run(place) {
      const storage = await place.open()
      const { etag } = await storage.write('old', pattern(10))
      for (const key of ['old', 'new']) {
        const controller = new AbortController()
        let isStopped = false
        async function* endless(): AsyncGenerator<Uint8Array> {
          try {
            for (let count = 0; ; count++) {
              if (count === 3) controller.abort(new Error('enough'))
              yield pattern(100_000)
            }
          } finally {
            isStopped = true
          }
        }
        const { signal } = controller
        equal(await thrown(storage.write(key, endless(), { signal })), signal.reason)
        truthy(isStopped, 'the stream was not stopped')
      }
      equal((await storage.stat('old')).etag, etag)
      equal(await keysOf(storage), ['old'])
    },
  },
  {
    name: 'nothing is seen of an object before it is whole',
    needs: ['writes', 'lists'],
    async run(place) {
      const storage = await place.open()
      const other = await place.open()
      await storage.write('replaced', pattern(10, 1))
      async function* slow(): AsyncGenerator<Uint8Array> {
        yield pattern(1_000_000, 2)
        sameBytes((await other.read('replaced')).bytes, pattern(10, 1))
        await fails('NOT_FOUND', other.stat('fresh'))
        equal(await keysOf(other), ['replaced'])
        yield pattern(5, 2)
      }
      await storage.write('replaced', slow())
      equal((await other.stat('replaced')).size, 1_000_005)
      await storage.remove('replaced')
      await storage.write('replaced', pattern(10, 1))
      await storage.write('fresh', slow())
      equal(await keysOf(other), ['fresh', 'replaced'])
    },
  },
  {
    name: 'a reader sees one version, never a mixture',
    needs: ['writes'],
    async run(place) {
      const [storage, other] = [await place.open(), await place.open()]
      const version = (index: number): Uint8Array => new Uint8Array(100_000 + index).fill(index)
      await storage.write('object', version(0))
      const state = { isWriting: true }
      const writing = (async () => {
        for (let index = 1; index <= 15; index++) await storage.write('object', version(index))
      })().finally(() => (state.isWriting = false))
      writing.catch(() => undefined)
      while (state.isWriting) {
        const { bytes, size } = await other.read('object')
        const index = bytes[0]!
        equal([bytes.length, size], [100_000 + index, 100_000 + index])
        truthy(
          bytes.every((byte) => byte === index),
          'two versions were mixed',
        )
      }
      await writing
    },
  },
  {
    name: 'keys may hold what file names hold, and mean exactly themselves',
    needs: ['writes', 'lists'],
    async run(place) {
      const storage = await place.open()
      for (const [index, key] of oddKeys.entries()) await storage.write(key, pattern(20 + index, index))
      const other = await place.open()
      equal(await keysOf(other), oddKeys.toSorted(compareKeys))
      for (const [index, key] of oddKeys.entries()) {
        sameBytes((await other.read(key)).bytes, pattern(20 + index, index))
        equal((await other.open(key).stat()).size, 20 + index)
      }
      for (const key of oddKeys) equal(await keysOf(other, { prefix: key }), [key])
      await storage.copy(oddKeys[0]!, `copy of ${oddKeys[1]!}`)
      equal((await other.stat(`copy of ${oddKeys[1]!}`)).size, 20)
      await storage.remove([...oddKeys, `copy of ${oddKeys[1]!}`])
      equal(await keysOf(other), [])
    },
  },
  {
    name: 'what is no relative path is refused before anything is asked',
    needs: [],
    async run(place) {
      const storage = await place.open()
      for (const key of badKeys) {
        await fails('INVALID_ARGUMENT', storage.stat(key))
        await fails('INVALID_ARGUMENT', storage.read(key))
        if (!storage.abilities.writes) continue
        await fails('INVALID_ARGUMENT', storage.write(key, pattern(1)))
        await fails('INVALID_ARGUMENT', storage.remove(['fine', key]))
        await fails('INVALID_ARGUMENT', storage.copy('fine', key))
        await fails('INVALID_ARGUMENT', storage.copy(key, 'fine'))
      }
      if (storage.abilities.lists) {
        await fails('INVALID_ARGUMENT', keysOf(storage, { prefix: '../' }))
        await fails('INVALID_ARGUMENT', keysOf(storage, { prefix: '/a' }))
        equal(await keysOf(storage), [])
      }
    },
  },
  {
    name: 'lists are in order, by prefix, by folder, and from a key on',
    needs: ['writes', 'lists'],
    async run(place) {
      const storage = await place.open()
      equal(await keysOf(storage), [])
      equal(await keysOf(storage, { prefix: 'none/' }), [])
      const keys = ['a', 'a-b', 'a/1', 'a/2/x', 'a/2/y', 'a/3', 'a0', 'b/\u{1f600}', 'b/\u{ff5e}', 'c/d/e/f']
      for (const key of keys.toReversed()) if (key !== 'a') await storage.write(key, pattern(key.length))
      const all = keys.slice(1).toSorted(compareKeys)
      const other = await place.open()
      equal(await keysOf(other), all)
      equal(
        await keysOf(other, { prefix: 'a' }),
        all.filter((key) => key.startsWith('a')),
      )
      equal(await keysOf(other, { prefix: 'a/2' }), ['a/2/x', 'a/2/y'])
      equal(await keysOf(other, { delimiter: '/' }), ['a-b', 'a/', 'a0', 'b/', 'c/'])
      equal(await keysOf(other, { prefix: 'a/', delimiter: '/' }), ['a/1', 'a/2/', 'a/3'])
      equal(
        await keysOf(other, { startAfter: 'a/2/x' }),
        all.filter((key) => compareKeys(key, 'a/2/x') > 0),
      )
      equal(await keysOf(other, { prefix: 'a/', startAfter: 'a/1' }), ['a/2/x', 'a/2/y', 'a/3'])
      for await (const entry of other.list({ prefix: 'a/' })) {
        if (entry.kind !== 'object') throw new Error('a folder without being asked for')
        equal({ size: entry.size, etag: entry.etag }, await other.stat(entry.key))
      }
      for await (const _ of other.list()) break
    },
  },
  {
    name: 'removing takes one and many, and does not mind what is not there',
    needs: ['writes', 'lists'],
    async run(place) {
      const storage = await place.open()
      const keys = Array.from({ length: 30 }, (_, index) => `part/${String(index).padStart(2, '0')}`)
      await Promise.all(keys.map((key) => storage.write(key, pattern(3))))
      await storage.remove('part/00')
      await storage.remove('part/00')
      await storage.remove([])
      await fails('NOT_FOUND', storage.stat('part/00'))
      await storage.remove(['none', ...keys.slice(0, 20)])
      equal(await keysOf(await place.open()), keys.slice(20))
    },
  },
  {
    name: 'a copy is the same bytes under another key, also over what is there',
    needs: ['writes'],
    async run(place) {
      const storage = await place.open()
      await storage.write('from', pattern(5000, 1))
      await storage.write('to', pattern(10, 2))
      await storage.copy('from', 'to')
      await storage.copy('from', 'folder/to')
      await storage.write('from', pattern(10, 3))
      const other = await place.open()
      sameBytes((await other.read('to')).bytes, pattern(5000, 1))
      sameBytes((await other.read('folder/to')).bytes, pattern(5000, 1))
      await fails('NOT_FOUND', storage.copy('none', 'to'))
      sameBytes((await other.read('to')).bytes, pattern(5000, 1))
    },
  },
  {
    name: 'an abort rejects with its own reason, whatever is asked',
    needs: ['writes', 'lists'],
    async run(place) {
      const storage = await place.open()
      await storage.write('object', pattern(10))
      const reason = new Error('enough')
      const signal = AbortSignal.abort(reason)
      const options = { signal }
      for (const refused of [
        () => storage.stat('object', options),
        () => storage.read('object', options),
        () => storage.write('object', pattern(20), options),
        () => storage.write('other', chunks([pattern(20)]), options),
        () => storage.remove('object', options),
        () => storage.copy('object', 'other', options),
        () => keysOf(storage, options),
      ]) {
        equal(await thrown(refused()), reason)
      }
      equal(await keysOf(storage), ['object'])
      equal((await storage.stat('object')).size, 10)
    },
  },
  {
    name: 'a store that cannot write says so, and where',
    needs: [],
    async run(place) {
      const storage = await place.open()
      truthy(storage.label.endsWith('/') && !/[?@]/.test(storage.label), `"${storage.label}" is no good label`)
      if (!storage.abilities.writes) {
        for (const refused of [
          storage.write('object', pattern(1)),
          storage.remove('object'),
          storage.copy('object', 'other'),
        ]) {
          const error = await thrown(refused)
          truthy(isLakefrontError(error, 'UNSUPPORTED'), 'a write is refused with UNSUPPORTED')
          truthy(String(error).includes(storage.label), 'the message names the place')
        }
      }
      if (!storage.abilities.lists) await fails('UNSUPPORTED', keysOf(storage))
      await storage.close()
      await storage.close()
    },
  },
]

const oddKeys: readonly string[] = [
  'a b.parquet',
  'a+b.parquet',
  'a%2Fb.parquet',
  'a%b.parquet',
  '100%/é/日本語 \u{1f600}.bin',
  "quotes ' and !()*.bin",
  'year=2026/month=01/x&y=z;w,v:u@t$s.bin',
  'sharp#hash?question.bin',
  '[brackets]{braces}^`|~<tag>.bin',
  'e\u0301 decomposed',
  '...dots...',
]

const badKeys: readonly string[] = [
  '',
  '/',
  '/a',
  'a/',
  'a//b',
  '.',
  '..',
  '../a',
  'a/../b',
  'a/./b',
  'a\\b',
  'a\0b',
  'a\nb',
  'half \ud800 character',
  '.lakefront-mine',
  'a/.lakefront-mine/b',
  'x'.repeat(1025),
]

function pattern(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8) + seed * 31) & 0xff)
}

async function* chunks(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}

async function keysOf(storage: Storage, options: Parameters<Storage['list']>[0] = {}): Promise<string[]> {
  const entries: ListEntry[] = []
  for await (const entry of storage.list(options)) entries.push(entry)
  return entries.map(({ key }) => key)
}

async function thrown(promise: Promise<unknown>): Promise<unknown> {
  const settled = await promise.then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  if (settled === undefined) throw new Error('should have failed, and did not')
  return settled.error
}

async function fails(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  const error = await thrown(promise)
  if (!isLakefrontError(error, code)) throw new Error(`should be ${code}: ${String(error)}`, { cause: error })
}

async function outcomeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'done'
  } catch (error) {
    return isLakefrontError(error) ? error.code : String(error)
  }
}

function equal(actual: unknown, expected: unknown): void {
  const plain = typeof actual === 'object' && !(actual instanceof Error)
  if (plain ? JSON.stringify(actual) === JSON.stringify(expected) : Object.is(actual, expected)) return
  throw new Error(`${text(actual)} should be ${text(expected)}`)
}

function text(value: unknown): string {
  return value instanceof Error ? String(value) : JSON.stringify(value)
}

function truthy(value: boolean, message: string): void {
  if (!value) throw new Error(message)
}

function sameBytes(actual: Uint8Array, expected: Uint8Array): void {
  equal(actual.length, expected.length)
  const different = actual.findIndex((byte, index) => byte !== expected[index])
  if (different >= 0) throw new Error(`byte ${different} is ${actual[different]}, not ${expected[different]}`)
}
